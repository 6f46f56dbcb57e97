import { hasSlots } from '../fleet/pair-model.ts'
import { UsageError } from '../errors.ts'
import type { Fleet } from '../fleet/model.ts'
import type { FleetRun, PartState } from './fleet-run.ts'
import { PLAN_PIN, type RunRecord } from './record.ts'

/** Where a run did not get to its end, as far as anybody knows. */
const AGAIN: readonly PartState[] = [
  'failed',
  'cut',
  'stopped',
  'unreadable',
  'not begun',
  'unreachable',
  'no answer',
]

/** What `fleet retry` works on. */
export interface Retry {
  readonly on: readonly string[]
  /** Why it is more than the hosts that failed. */
  readonly note?: string
}

/** What an operator said once and for that moment: hosts keep no steps of it, and it may not bear to be run twice. */
const SAID_ONCE: ReadonlySet<string> = new Set(['exec', 'get', 'put', 'ssh', 'users resync', 'users unlock'])

/** How a run that was to do what was reviewed goes on: the part of it that is done is not as it was reviewed any more. */
const REVIEW_AGAIN = 'fleet plan --out plan.json, then fleet apply plan.json: what is left is reviewed again'

type Repeated = Pick<RunRecord, 'id' | 'task' | 'pins'>

/** Whether `fleet resume` and `fleet retry` take a run. */
export const isRepeatable = ({ task, pins }: Omit<Repeated, 'id'>): boolean =>
  pins[PLAN_PIN] === undefined && !SAID_ONCE.has(task)

/** How to go on with a run that was stopped. Undefined where it can only be said anew. */
export const goOnHint = (record: Repeated): string | undefined => {
  if (record.pins[PLAN_PIN] !== undefined) return REVIEW_AGAIN
  return isRepeatable(record) ? `fleet resume ${record.id}` : undefined
}

/** Throws a UsageError for a task of which nobody can tell where it is done, and for one that was to do a plan alone. */
export function refuseRepeat({ id, task, pins }: Repeated, verb: 'resume' | 'retry'): void {
  if (pins[PLAN_PIN] !== undefined) {
    throw new UsageError(`run ${id} was to do what was reviewed, and its hosts are not as they were then`, {
      hint: REVIEW_AGAIN,
    })
  }
  if (!SAID_ONCE.has(task)) return
  throw new UsageError(`fleet ${task} is not run again by ${verb}: hosts do not keep what it did`, {
    hint: `fleet show ${id}`,
  })
}

/** The hosts that a run failed on, was cut off, or never came to. Throws a UsageError while it runs. */
export function hostsToRetry({ id, state, parts, ended }: FleetRun): readonly string[] {
  if (state === 'running') {
    throw new UsageError(`run ${id} still runs`, { hint: `fleet resume ${id}, or fleet abort ${id}` })
  }
  const isOver = ended?.exitCode === 0
  const again = parts.filter(part => AGAIN.includes(part.state) && !(isOver && part.state === 'not begun'))
  // It failed as a whole, after every host had done its part: no health, no traffic.
  const isBad = state === 'failed' || state === 'partial'
  const all = isBad && again.length === 0 ? parts : again
  return all.map(({ host }) => host)
}

/** A service that `hosts` would tear apart: a container's traffic moves on all hosts, a migration runs on the first one. */
function torn(fleet: Fleet, { params }: RunRecord, hosts: readonly string[]): string | undefined {
  const { service: named } = params
  const found = Object.entries(fleet.services).find(([name, service]) => {
    if (named !== name && named !== 'all') return false
    const all = Object.keys(fleet.hosts).filter(host => fleet.hosts[host]?.role === service.role)
    const chosen = all.filter(host => hosts.includes(host))
    if (chosen.length === 0) return false
    if (hasSlots(service)) return chosen.length < all.length
    return service.migrate !== undefined && chosen[0] !== all[0]
  })
  return found?.[0]
}

/** What `--on` of a retry is: the hosts alone, or what it was before where a service cannot be had in parts. */
export function retryOn(fleet: Fleet, record: RunRecord, hosts: readonly string[]): Retry {
  const service = torn(fleet, record, hosts)
  if (service === undefined) return { on: hosts }
  return { on: record.on, note: `${service} cannot be rolled out in parts: all hosts of the run take part` }
}
