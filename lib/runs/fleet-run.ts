import type { Answers } from './ask.ts'
import { silence } from './ask.ts'
import { endState, type Ended } from './ended.ts'
import { stateOn, type HostRun, type HostState } from './host-run.ts'
import type { RunRecord } from './record.ts'

/** How one host of a run stands, seen from here. */
export type PartState = HostState | 'unreachable' | 'no answer'

/** One host's part in a run. */
export interface Part {
  readonly host: string
  readonly state: PartState
  /** What the host holds of it. */
  readonly run?: HostRun
  /** Why the host said nothing. */
  readonly reason?: string
}

/**
 * `open`: nothing of it runs or has failed, and nobody has said that it ended. `partial`: it went through on some hosts,
 * and ended as it may when others fail or are left out.
 */
export type RunState = HostState | 'open' | 'partial'

/** One run over all its hosts. */
export interface FleetRun {
  readonly id: string
  /** The record, with the pins of all hosts; or why there is none. */
  readonly record: RunRecord | string
  readonly parts: readonly Part[]
  readonly ended?: Ended
  readonly state: RunState
}

/** The heaviest first. */
const WEIGHT: readonly HostState[] = ['running', 'failed', 'cut', 'unreadable', 'stopped']

/** How a whole run stands: the worst of its hosts, then what its client said at its end. */
function stateOf(parts: readonly Part[], ended: Ended | undefined): RunState {
  const worst = WEIGHT.find(state => parts.some(part => part.state === state))
  const end = ended === undefined ? 'open' : endState(ended.exitCode)
  if (worst !== 'running' && end === 'partial') return 'partial'
  return worst ?? end
}

/** A resumed run wrote its record again, where it came by: the first beginning counts, and every pin. */
function recordOf(held: readonly HostRun[]): RunRecord | string {
  const records = held.flatMap(({ record }) => (typeof record === 'string' ? [] : [record]))
  const [first] = records.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
  if (first === undefined) {
    const why = held.flatMap(({ record }) => (typeof record === 'string' ? [record] : []))
    return why.find(text => text !== 'it has no record') ?? why[0] ?? 'it has no record'
  }
  return { ...first, pins: Object.assign({}, ...records.map(({ pins }) => pins)) }
}

interface Held {
  readonly run: HostRun | undefined
  readonly silent: Error | undefined
  readonly ended: Ended | undefined
}

function partOf(host: string, { run, silent, ended }: Held): Part {
  if (silent !== undefined) return { host, state: silence(silent), reason: silent.message }
  if (run === undefined) return { host, state: 'not begun' }
  // Asked to stop when there was nothing left to stop.
  const isLate = run.journals.length === 0 && ended !== undefined && endState(ended.exitCode) === 'done'
  return { host, state: isLate ? 'not begun' : stateOn(run), run }
}

/** Puts together what the hosts hold, newest run first. `asked` are the hosts that were asked. */
export function fleetRuns({ hosts, silent }: Answers): readonly FleetRun[] {
  const byId = new Map<string, Map<string, HostRun>>()
  for (const [host, { runs }] of hosts) {
    for (const run of runs) byId.set(run.id, (byId.get(run.id) ?? new Map<string, HostRun>()).set(host, run))
  }
  const asked = new Set([...hosts.keys(), ...silent.keys()])
  return [...byId]
    .toSorted(([a], [b]) => (a < b ? 1 : -1))
    .map(([id, held]) => {
      const record = recordOf([...held.values()])
      const named = typeof record === 'string' ? [] : record.hosts
      // A host that the record does not name may hold it all the same: a hand has copied it, or the fleet was renamed.
      const names = new Set([...named.filter(name => asked.has(name)), ...held.keys()])
      const [ended] = [...held.values()]
        .flatMap(run => run.ended ?? [])
        .toSorted((a, b) => (a.at < b.at ? 1 : -1))
      const parts = [...names].map(name =>
        partOf(name, { run: held.get(name), silent: silent.get(name), ended }),
      )
      return { id, record, parts, ...(ended === undefined ? {} : { ended }), state: stateOf(parts, ended) }
    })
}
