import { isIP } from 'node:net'
import { ConfigError } from '../../errors.ts'
import { allowed } from '../check.ts'
import type { Handler, Kind, Resource, Step } from '../resource.ts'
import { rewriteFile } from './rewrite.ts'

export interface HostsEntriesOptions {
  /** Name of the block in /etc/hosts; `fleet` unless told. */
  readonly name?: string
  /** Names of each address. */
  readonly entries: Readonly<Record<string, readonly string[]>>
  readonly notify?: readonly Handler[]
}

export interface HostsEntriesWanted {
  readonly name: string
  /** Empty when there is to be no block. */
  readonly lines: readonly string[]
}

const PATH = '/etc/hosts'
const begin = (name: string): string => `# fleet ${name}: begin`
const end = (name: string): string => `# fleet ${name}: end`

/** Leaves the block out. A block without an end would take the rest of the file with it. */
const without = (name: string): string => `awk '
$0 == "${begin(name)}" { inside = 1; next }
inside && $0 == "${end(name)}" { inside = 0; next }
!inside { print }
END { if (inside) { print "${PATH}: the block ${name} has no end: repair it" >"/dev/stderr"; exit 1 } }'`

export const hostsEntriesKind: Kind<HostsEntriesWanted, readonly string[]> = {
  name: 'hosts entries',
  observe: wanted =>
    wanted
      .map(({ name }) => `sed -n '/^${begin(name)}$/,/^${end(name)}$/p' ${PATH} || exit 1\necho =`)
      .join('\n'),
  parse(output, wanted) {
    const parts = output.split(/^=\n/m)
    return wanted.map((_, index) => (parts[index] ?? '').split('\n').filter(line => /^[^#]/.test(line)))
  },
  diff({ lines }, seen) {
    if (lines.join('\n') === seen.join('\n')) return undefined
    if (lines.length === 0) return { action: 'remove', detail: seen.join(', ') }
    const more = lines.filter(line => !seen.includes(line)).map(line => `+ ${line}`)
    const less = seen.filter(line => !lines.includes(line)).map(line => `- ${line}`)
    const detail = [...less, ...more].join(', ') || 'order'
    return { action: seen.length === 0 ? 'create' : 'change', detail }
  },
  act({ name, lines }): Step[] {
    const block =
      lines.length > 0 ? `\ncat <<'BLOCK'\n${[begin(name), ...lines, end(name)].join('\n')}\nBLOCK` : ''
    return [{ title: `set block ${name} of ${PATH}`, script: rewriteFile(PATH, `${without(name)}${block}`) }]
  },
}

function resource(name: string, lines: readonly string[], notify: readonly Handler[] = []) {
  const wanted = { name: allowed('hosts block', name, /^[a-z0-9-]{1,40}$/), lines }
  return { id: `hosts ${name}`, kind: hostsEntriesKind, wanted, notify }
}

const NAME = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/

/** Names in /etc/hosts, in a marked block: every other line stays. cloud-init must not rewrite the file at boot. */
export function hostsEntries(options: HostsEntriesOptions): Resource<HostsEntriesWanted, readonly string[]> {
  const lines = Object.entries(options.entries).map(([address, names]) => {
    if (isIP(address) === 0) throw new ConfigError(`hosts: ${JSON.stringify(address)} is no address`)
    if (names.length === 0) throw new ConfigError(`hosts: ${address} has no name`)
    return [address, ...names.map(name => allowed('host name', name, NAME))].join(' ')
  })
  if (lines.length === 0) throw new ConfigError('hosts: want at least one address, or absentHostsEntries')
  return resource(options.name ?? 'fleet', lines, options.notify)
}

/** No such block in /etc/hosts. */
export function absentHostsEntries(name = 'fleet'): Resource<HostsEntriesWanted, readonly string[]> {
  return resource(name, [])
}
