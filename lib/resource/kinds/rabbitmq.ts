import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { allowed, oneLine } from '../check.ts'
import { Secret } from '../../shell/secret.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'
import type { Broker } from './rabbitmq-definitions.ts'
import { readDefinitions } from './rabbitmq-definitions.ts'

/** A piece of RabbitMQ's state. All are one kind, so that a host's broker is asked once: each call costs a second. */
export type RabbitmqWanted =
  | { readonly what: 'vhost'; readonly name: string }
  | {
      readonly what: 'user'
      readonly name: string
      readonly password: Secret
      readonly tags: readonly string[]
    }
  | { readonly what: 'absent user'; readonly name: string }
  | { readonly what: 'absent vhost'; readonly name: string; readonly withMessages: boolean }
  | { readonly what: 'absent permission'; readonly user: string; readonly vhost: string }
  | ({ readonly what: 'permission'; readonly user: string; readonly vhost: string } & RabbitmqRights)

/** Regular expressions for the names of what the user may do it with. */
export interface RabbitmqRights {
  readonly configure: string
  readonly write: string
  readonly read: string
}

const SALT = 4

const hash = (salt: Buffer, password: string): Buffer =>
  Buffer.concat([salt, createHash('sha256').update(salt).update(password).digest()])

/** Whether RabbitMQ's hash (4 bytes of salt, then SHA-256 of salt and password) is of this password. */
function matches(kept: string, password: string): boolean {
  const theirs = Buffer.from(kept, 'base64')
  const mine = hash(theirs.subarray(0, SALT), password)
  return mine.length === theirs.length && timingSafeEqual(mine, theirs)
}

const rights = ({ configure, write, read }: RabbitmqRights): string => [configure, write, read].join(' ')

function diff(wanted: RabbitmqWanted, { vhosts, users, permissions }: Broker): Change | undefined {
  if (wanted.what === 'vhost')
    return vhosts.has(wanted.name) ? undefined : { action: 'create', detail: 'vhost' }
  if (wanted.what === 'absent user') {
    return users.has(wanted.name) ? { action: 'remove', detail: 'user' } : undefined
  }
  if (wanted.what === 'absent vhost') {
    const detail = wanted.withMessages ? 'vhost and its messages' : 'vhost, if no message waits'
    return vhosts.has(wanted.name) ? { action: 'remove', detail } : undefined
  }
  if (wanted.what === 'absent permission') {
    const had = permissions.get(`${wanted.user} ${wanted.vhost}`)
    return had === undefined ? undefined : { action: 'remove', detail: had }
  }
  if (wanted.what === 'user') {
    const user = users.get(wanted.name)
    if (!user) return { action: 'create', detail: `tags ${wanted.tags.join(',') || 'none'}` }
    const had = user.tags.toSorted().join(',')
    const tags = wanted.tags.toSorted().join(',')
    const parts = [
      ...(had === tags ? [] : [`tags ${had || 'none'} -> ${tags || 'none'}`]),
      ...(matches(user.hash, wanted.password.reveal()) ? [] : ['another password']),
    ]
    return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
  }
  const had = permissions.get(`${wanted.user} ${wanted.vhost}`)
  if (had === rights(wanted)) return undefined
  return { action: had === undefined ? 'create' : 'change', detail: `${had ?? 'none'} -> ${rights(wanted)}` }
}

type RabbitmqAbsent = Extract<RabbitmqWanted, { what: `absent ${string}` }>
type RabbitmqPresent = Exclude<RabbitmqWanted, RabbitmqAbsent>

const isAbsent = (wanted: RabbitmqWanted): wanted is RabbitmqAbsent => wanted.what.startsWith('absent ')

/** What has gone by itself meanwhile is no failure. */
function removal(wanted: RabbitmqAbsent): string {
  if (wanted.what === 'absent permission') {
    return `rabbitmqctl -q clear_permissions -p ${wanted.vhost} ${wanted.user}`
  }
  const { name, what } = wanted
  const list = what === 'absent user' ? 'list_users </dev/null | cut -f 1' : 'list_vhosts </dev/null'
  const there = `rabbitmqctl -q ${list} | grep -qxF ${name} || exit 0`
  if (what === 'absent user') return `${there}\nrabbitmqctl -q delete_user ${name}`
  const count = `waiting=$(rabbitmqctl -q list_queues -p ${name} messages </dev/null | awk '{ sum += $1 } END { print sum + 0 }')
[ "$waiting" -eq 0 ] || { echo "$waiting messages wait in vhost ${name}: let them be worked off, or say withMessages" >&2; exit 1; }`
  return [there, ...(wanted.withMessages ? [] : [count]), `rabbitmqctl -q delete_vhost ${name}`].join('\n')
}

/** The definitions file that makes it so. Of a password only a hash is in it. */
function definitions(wanted: RabbitmqPresent): Record<string, unknown> {
  if (wanted.what === 'vhost') return { vhosts: [{ name: wanted.name }] }
  if (wanted.what === 'user') {
    const password_hash = hash(randomBytes(SALT), wanted.password.reveal()).toString('base64')
    const hashing_algorithm = 'rabbit_password_hashing_sha256'
    return { users: [{ name: wanted.name, password_hash, hashing_algorithm, tags: wanted.tags }] }
  }
  const { user, vhost, configure, write, read } = wanted
  return { permissions: [{ user, vhost, configure, write, read }] }
}

/**
 * From a file in memory, which rabbitmqctl reads as its own user: from Erlang 26 on it waits for ever for the end of its
 * stdin.
 */
const IMPORT = `kept=$(mktemp -d /run/fleetfile-rabbitmq.XXXXXX)
trap 'rm -rf "$kept"' EXIT
trap 'exit 143' HUP INT TERM
cat >"$kept/definitions.json"
chown -R rabbitmq: "$kept"
rabbitmqctl -q import_definitions "$kept/definitions.json" </dev/null`

function act(wanted: RabbitmqWanted): Step[] {
  const name = 'name' in wanted ? wanted.name : `${wanted.user} on ${wanted.vhost}`
  const title = `set RabbitMQ ${wanted.what} ${name}`
  const ready = 'rabbitmqctl -q await_startup --timeout 120 </dev/null'
  if (isAbsent(wanted)) return [{ title, script: `${ready}\n${removal(wanted)}` }]
  const stdin = new Secret('RabbitMQ definitions', `${JSON.stringify(definitions(wanted))}\n`)
  return [{ title, script: `${ready}\n${IMPORT}`, stdin }]
}

export const rabbitmqKind: Kind<RabbitmqWanted, Broker> = {
  name: 'RabbitMQ',
  observe: () => `command -v rabbitmqctl >/dev/null || exit 0
rabbitmqctl -q export_definitions - --format json 2>/dev/null || echo down`,
  parse(output, wanted) {
    const broker = readDefinitions(output)
    return wanted.map(() => broker)
  },
  diff,
  act,
  /** A new broker brings the user `guest`. */
  afterInstall(wanted, { vhosts }) {
    const comes = wanted.what === 'absent user' && vhosts.size === 0
    return comes ? { action: 'remove', detail: 'should a package bring it' } : undefined
  },
  note: (_, { down }) => (down ? 'RabbitMQ does not answer: taken as missing' : undefined),
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/
const VHOST = /^[A-Za-z0-9/][A-Za-z0-9_./-]{0,99}$/

const resource = (wanted: RabbitmqWanted, name: string, notify: readonly Handler[] = []) => ({
  id: `RabbitMQ ${wanted.what.replace(/^absent /, '')} ${name}`,
  kind: rabbitmqKind,
  wanted,
  notify,
})

/** A virtual host of the host's own RabbitMQ. */
export function rabbitmqVhost(name: string): Resource<RabbitmqWanted, Broker> {
  return resource({ what: 'vhost', name: allowed('vhost', name, VHOST) }, name)
}

/** A user; another password is noticed by checking the kept hash on this side, and only a hash travels. */
export function rabbitmqUser(options: {
  readonly name: string
  readonly password: Secret
  readonly tags?: readonly ('administrator' | 'monitoring' | 'management' | 'policymaker')[]
  readonly notify?: readonly Handler[]
}): Resource<RabbitmqWanted, Broker> {
  const name = allowed('RabbitMQ user', options.name, NAME)
  return resource(
    { what: 'user', name, password: options.password, tags: options.tags ?? [] },
    name,
    options.notify,
  )
}

/** No such user: `guest`, for example, whose password everybody knows. */
export function rabbitmqAbsentUser(name: string): Resource<RabbitmqWanted, Broker> {
  return resource({ what: 'absent user', name: allowed('RabbitMQ user', name, NAME) }, name)
}

/** What a user may do in a vhost; everything unless told. */
export function rabbitmqPermission(
  options: { readonly user: string; readonly vhost: string } & Partial<RabbitmqRights>,
): Resource<RabbitmqWanted, Broker> {
  const user = allowed('RabbitMQ user', options.user, NAME)
  const vhost = allowed('vhost', options.vhost, VHOST)
  const { configure = '.*', write = '.*', read = '.*' } = options
  for (const pattern of [configure, write, read]) oneLine('RabbitMQ pattern', pattern)
  return resource({ what: 'permission', user, vhost, configure, write, read }, `${user} on ${vhost}`)
}

/** No such virtual host. One in which messages wait, where `withMessages` is not said, fails the step. */
export function rabbitmqAbsentVhost(options: {
  readonly name: string
  readonly withMessages?: boolean
}): Resource<RabbitmqWanted, Broker> {
  const name = allowed('vhost', options.name, VHOST)
  return resource({ what: 'absent vhost', name, withMessages: options.withMessages ?? false }, name)
}

/** Nothing that a user may do in a vhost. */
export function rabbitmqAbsentPermission(options: {
  readonly user: string
  readonly vhost: string
}): Resource<RabbitmqWanted, Broker> {
  const user = allowed('RabbitMQ user', options.user, NAME)
  const vhost = allowed('vhost', options.vhost, VHOST)
  return resource({ what: 'absent permission', user, vhost }, `${user} on ${vhost}`)
}
