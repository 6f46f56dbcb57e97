import { parseServerName, type Admin, type ProxyServer } from './proxy.ts'

/** Bits of `srv_admin_state`: forced maintenance and forced drain. Others come from the configuration. */
const FORCED_MAINT = 0x01
const FORCED_DRAIN = 0x08

/**
 * Reads what `show servers state` and `show stat` printed for one backend. Servers that are no slots are left out.
 */
export function parseServers(output: string): ProxyServer[] {
  const lines = output.split('\n')
  const states = rows(lines, '# be_id', ' ', line => /^\d+ /.test(line))
  const stats = rows(lines, '# pxname', ',', line => line.includes(','))
  const admins = new Map(states.map(row => [row('srv_name'), adminOf(Number(row('srv_admin_state')))]))
  return stats.flatMap(row => {
    const name = row('svname')
    const admin = admins.get(name)
    const parts = parseServerName(name)
    if (admin === undefined || parts === undefined) return []
    const number = (column: string): number => Number(row(column)) || 0
    return {
      name,
      ...parts,
      admin,
      health: healthOf(row('status')),
      check: `${row('check_status')} ${row('check_code')}`.trim(),
      sessions: number('scur'),
      requests: number('stot'),
      errors: number('hrsp_5xx') + number('econ') + number('eresp'),
    }
  })
}

/** The lines of a table as functions from a column's name to its value. */
function rows(
  lines: readonly string[],
  head: string,
  separator: string,
  belongs: (line: string) => boolean,
): ((column: string) => string)[] {
  const at = lines.findIndex(line => line.startsWith(head))
  const columns = lines[at]?.slice(2).split(separator) ?? []
  const found: ((column: string) => string)[] = []
  for (const line of at < 0 ? [] : lines.slice(at + 1)) {
    if (!belongs(line)) break
    const values = line.split(separator)
    found.push(column => values[columns.indexOf(column)] ?? '')
  }
  return found
}

/** What was commanded, from `srv_admin_state`. */
export function adminOf(bits: number): Admin {
  if ((bits & FORCED_MAINT) !== 0) return 'maint'
  return (bits & FORCED_DRAIN) !== 0 ? 'drain' : 'ready'
}

/** `UP`, `DRAIN`, `DOWN`, `MAINT`; with a fraction (`DRAIN 1/2`) while the checks have not settled. */
function healthOf(status: string): ProxyServer['health'] {
  if (status === 'UP' || status === 'DRAIN') return 'up'
  return status.startsWith('DOWN') && !status.includes('/') ? 'down' : 'unknown'
}
