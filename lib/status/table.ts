import type { FleetHost } from '../fleet/resolved.ts'
import { table } from '../ui/table.ts'
import type { HostStatus, RunningRelease } from './host-status.ts'

export interface StatusRow {
  readonly host: FleetHost
  /** What the host said, or why it said nothing. */
  readonly answer: HostStatus | string
}

/** `just now`, `5m ago`, `3h ago`, `12d ago`. */
function ago(then: Date, now: Date): string {
  const minutes = Math.round((now.getTime() - then.getTime()) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes}m ago`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)}h ago` : `${Math.round(minutes / 1440)}d ago`
}

function health(status: HostStatus): string {
  if (status.failedUnits.length > 0) return `failed: ${status.failedUnits.join(', ')}`
  const stopped = status.releases.filter(({ slot, state }) => slot !== undefined && state !== 'running')
  if (stopped.length > 0) return `stopped: ${stopped.map(({ slot }) => slot).join(', ')}`
  return status.processes.running < status.processes.total ? 'processes down' : 'ok'
}

/** A slot with `*` when the proxy sends it the traffic. */
const slotName = ({ service, slot }: RunningRelease, live: ReadonlyMap<string, string>): string =>
  live.get(service) === slot ? `${slot}*` : String(slot)

/** What users get: of slots the live one, or all of them where the proxy could not be asked. */
const serving = (releases: readonly RunningRelease[], live: ReadonlyMap<string, string>): RunningRelease[] =>
  releases.filter(({ service, slot }) => slot === undefined || (live.get(service) ?? slot) === slot)

const releaseName = ({ label, release }: RunningRelease): string =>
  label ? `${label} (${release})` : release

/** One line a host. `live` names the slot that the proxy serves, by service. */
export function statusTable(
  rows: readonly StatusRow[],
  live: ReadonlyMap<string, string>,
  now: Date,
): string {
  const columns = ['host', 'role', 'release', 'slot', 'health', 'load', 'disk', 'workers', 'last deploy']
  return table(
    columns,
    rows.map(({ host, answer }) => {
      if (typeof answer === 'string')
        return [host.name, host.role, '-', '-', 'unreachable', '-', '-', '-', '-']
      const { releases, processes } = answer
      const slots = releases.filter(({ slot }) => slot !== undefined)
      const latest =
        releases.map(({ deployedAt }) => deployedAt?.getTime() || 0).toSorted((a, b) => b - a)[0] ?? 0
      return [
        host.name,
        host.role,
        serving(releases, live).map(releaseName).join(', ') || '-',
        slots.map(slot => slotName(slot, live)).join(' ') || '-',
        health(answer),
        answer.load.toFixed(2),
        answer.disk,
        processes.total === 0 ? '-' : `${processes.running}/${processes.total}`,
        latest === 0 ? '-' : ago(new Date(latest), now),
      ]
    }),
  )
}
