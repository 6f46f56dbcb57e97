import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { absolutePath, userName, wholeNumber } from '../check.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'

export interface UserOptions {
  readonly name: string
  /** A system user: no login shell, no home folder made. */
  readonly system?: boolean
  readonly uid?: number
  readonly shell?: string
  readonly home?: string
  /** Exactly these groups beside the user's own; left alone when not told. They must be there. */
  readonly groups?: readonly string[]
  readonly notify?: readonly Handler[]
}

export interface UserWanted {
  readonly name: string
  readonly system: boolean
  readonly uid: number | undefined
  readonly shell: string
  readonly home: string
  readonly groups: readonly string[] | undefined
}

export interface UserSeen {
  readonly uid: number
  readonly home: string
  readonly shell: string
  readonly groups: readonly string[]
  /** No password opens it. */
  readonly locked: boolean
}

const names = (users: readonly UserWanted[]): string => users.map(({ name }) => quote(name)).join(' ')

/** Code 2: some of them are not there. Without root, shadow shows nothing: then passwords count as locked. */
const observe = (users: readonly UserWanted[]): string => `
getent passwd ${names(users)} || [ $? -eq 2 ] || exit 1
echo =
getent shadow ${names(users)} | sed 's/^\\([^:]*\\):\\([!*]\\).*/\\1:\\2/; t; s/:.*/:open/'
echo =
getent group || exit 1`

function parse(output: string, users: readonly UserWanted[]): (UserSeen | undefined)[] {
  const [passwd = [], shadow = [], group = []] = output
    .split('\n=\n')
    .map(part => part.replace(/^=\n/, '').split('\n'))
    .map(lines => lines.map(line => line.split(':')))
  const open = new Set(shadow.filter(fields => fields[1] === 'open').map(fields => fields[0]))
  return users.map(({ name }) => {
    const entry = passwd.find(fields => fields[0] === name)
    if (!entry) return undefined
    const groups = group
      .filter(fields => (fields[3] ?? '').split(',').includes(name))
      .map(fields => fields[0] ?? '')
    const [, , uid = '', , , home = '', shell = ''] = entry
    return { uid: Number(uid), home, shell, groups, locked: !open.has(name) }
  })
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.toSorted().join(',') === b.toSorted().join(',')

function diff(wanted: UserWanted, seen: UserSeen | undefined): Change | undefined {
  if (!seen) return { action: 'create', detail: wanted.system ? 'system user' : `login with ${wanted.shell}` }
  const { uid, shell, home, groups } = wanted
  const parts = [
    ...(uid === undefined || uid === seen.uid ? [] : [`uid ${seen.uid} -> ${uid}`]),
    ...(shell === seen.shell ? [] : [`shell ${seen.shell} -> ${shell}`]),
    ...(home === seen.home ? [] : [`home ${seen.home} -> ${home}`]),
    ...(groups === undefined || sameSet(groups, seen.groups)
      ? []
      : [`groups ${seen.groups.join(',') || 'none'} -> ${groups.join(',') || 'none'}`]),
    ...(seen.locked ? [] : ['lock the password']),
  ]
  return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
}

function act(wanted: UserWanted, seen: UserSeen | undefined): Step[] {
  const { name, system, uid, shell, home, groups } = wanted
  const common = [
    ...(uid === undefined || uid === seen?.uid ? [] : ['-u', String(uid)]),
    ...(shell === seen?.shell ? [] : ['-s', shell]),
    ...(home === seen?.home ? [] : ['-d', home]),
    ...(groups === undefined || sameSet(groups, seen?.groups ?? []) ? [] : ['-G', groups.join(',')]),
  ]
  const lock = seen?.locked === true ? [] : ['-p', '*']
  const make = system ? ['--system', '--user-group', '--no-create-home'] : ['--create-home', '--user-group']
  const argv = seen ? ['usermod', ...common, ...lock, name] : ['useradd', ...make, ...common, ...lock, name]
  return [{ title: `${seen ? 'change' : 'create'} user ${name}`, script: argv.map(quote).join(' ') }]
}

export const userKind: Kind<UserWanted, UserSeen | undefined> = { name: 'user', observe, parse, diff, act }

/**
 * A user with a group of the same name and no password that works: keys are the only way in. A login gets /bin/bash
 * and a home under /home, a system user neither. A home that changes is not moved.
 */
export function user(options: UserOptions): Resource<UserWanted, UserSeen | undefined> {
  const name = userName(options.name)
  if (name === 'root') throw new ConfigError('user root is not managed: make another one with sudo')
  const system = options.system ?? false
  const wanted = {
    name,
    system,
    uid: options.uid === undefined ? undefined : wholeNumber('uid', options.uid, 1, 60_000_000),
    shell: absolutePath(options.shell ?? (system ? '/usr/sbin/nologin' : '/bin/bash')),
    home: absolutePath(options.home ?? (system ? '/nonexistent' : `/home/${name}`)),
    groups: options.groups?.map(userName),
  }
  return { id: `user ${name}`, kind: userKind, wanted, notify: options.notify ?? [] }
}
