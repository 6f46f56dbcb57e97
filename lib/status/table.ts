import type { FleetHost } from '../fleet/resolved.ts'
import type { LiveSlot } from '../proxy/live-slots.ts'
import { table } from '../ui/table.ts'
import type { HostStatus, RunningRelease } from './host-status.ts'

/** What the proxies serve, by service. */
type Live = ReadonlyMap<string, LiveSlot>

export interface StatusRow {
  readonly host: FleetHost
  /** What the host said, or why it said nothing. */
  readonly answer: HostStatus | string
  /** Why there is no status, in a word or two; `unreachable` unless told. */
  readonly trouble?: string
}

/** `just now`, `5m ago`, `3h ago`, `12d ago`. */
function ago(then: Date, now: Date): string {
  const minutes = Math.round((now.getTime() - then.getTime()) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes}m ago`
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)}h ago` : `${Math.round(minutes / 1440)}d ago`
}

/** The failed checks of a host's live slots. Proxies that see the same say it once. */
function downChecks(host: string, live: Live): string[] {
  const down = [...live.values()]
    .flatMap(({ servers }) => servers)
    .filter(server => server.host === host && server.health === 'down')
  return [...new Set(down.map(({ check }) => check || 'no check'))]
}

function health(host: string, status: HostStatus, live: Live): string {
  if (status.failedUnits.length > 0) return `failed: ${status.failedUnits.join(', ')}`
  const stopped = status.releases.filter(({ slot, state }) => slot !== undefined && state !== 'running')
  if (stopped.length > 0) return `stopped: ${stopped.map(({ slot }) => slot).join(', ')}`
  // Users get no answer from a live slot that its proxy has given up, whatever Docker says of it.
  const down = downChecks(host, live)
  if (down.length > 0) return `down: ${down.join(', ')}`
  return status.processes.running < status.processes.total ? 'processes down' : 'ok'
}

/** A slot with `*` when the proxy sends it the traffic. */
const slotName = ({ service, slot }: RunningRelease, live: Live): string =>
  live.get(service)?.slot === slot ? `${slot}*` : String(slot)

/** What users get: of slots the live one, or all of them where the proxy could not be asked. */
const serving = (releases: readonly RunningRelease[], live: Live): RunningRelease[] =>
  releases.filter(
    ({ service, slot, isWhole = false }) =>
      isWhole || slot === undefined || (live.get(service)?.slot ?? slot) === slot,
  )

const releaseName = ({ label, release }: RunningRelease): string =>
  label ? `${label} (${release})` : release

/** One line a host. `live` is what the proxies serve and how they see it. */
export function statusTable(rows: readonly StatusRow[], live: Live, now: Date, width?: number): string {
  const columns = ['host', 'role', 'release', 'slot', 'health', 'load', 'disk', 'workers', 'last deploy']
  return table(
    columns,
    rows.map(({ host, answer, trouble = 'unreachable' }) => {
      if (typeof answer === 'string') return [host.name, host.role, '-', '-', trouble, '-', '-', '-', '-']
      const { releases, processes } = answer
      const clock = Number.isNaN(answer.clock) ? now : new Date(answer.clock)
      const slots = releases.filter(({ slot }) => slot !== undefined)
      const latest =
        releases.map(({ deployedAt }) => deployedAt?.getTime() || 0).toSorted((a, b) => b - a)[0] ?? 0
      return [
        host.name,
        host.role,
        serving(releases, live).map(releaseName).join(', ') || '-',
        slots.map(slot => slotName(slot, live)).join(' ') || '-',
        health(host.name, answer, live),
        answer.load.toFixed(2),
        answer.disk,
        processes.total === 0 ? '-' : `${processes.running}/${processes.total}`,
        latest === 0 ? '-' : ago(new Date(latest), clock),
      ]
    }),
    width,
  )
}
