import { AbortedError, ConnectError, messageOf } from '../errors.ts'
import type { EventSink, PlannedChange } from '../events/event.ts'
import type { RunRecord } from '../runs/record.ts'
import type { Transport } from '../transport/transport.ts'
import { act } from './acting.ts'
import { runRecordOf } from './acting-run.ts'
import { look } from './look.ts'
import { checkUnique, planHost } from './plan.ts'
import { newNonce, runnerFor } from './program.ts'
import type { Reconnect } from './reconnect.ts'
import { heldError, restlessError } from './refused.ts'
import type { Resource } from './resource.ts'
import type { Review } from './review.ts'
import { numberedSteps } from './steps.ts'
import { stoppedBefore } from './stop.ts'

export interface ApplyOptions extends Reconnect {
  readonly runId: string
  /** Whose run it is: what the next one is told while this one holds the host. */
  readonly owner: string
  /** What the host keeps of the run. Made of the id and the owner where there is none. */
  readonly record?: RunRecord
  /** Milliseconds to wait for another run that holds the host. Not at all unless told. */
  readonly wait?: number
  /** `plan` only looks. */
  readonly mode: 'plan' | 'apply'
  /** As root, through `sudo -n` where the login is another user. Without it, as the login itself. */
  readonly root: boolean
  readonly emit: EventSink
  /** Milliseconds for the observing program. The acting one ends with its steps, each of which has its own limit. */
  readonly timeout?: number
  /** What may be done, where that was reviewed before. */
  readonly review?: Review
}

/** What was, or with `plan` would be, done to a host. */
export interface HostReport {
  readonly host: string
  /** What was not as wanted. */
  readonly changes: readonly PlannedChange[]
  /** Titles of the steps that were done: none with `plan`. */
  readonly applied: readonly string[]
  /** What could not be had and is left alone: `swap /swapfile: not in a container`. */
  readonly notes: readonly string[]
}

/** How often a host is looked at again, since another run changed it between the look and the lock. */
const LOOKS = 4

const limits = ({ signal, timeout }: { signal?: AbortSignal | undefined; timeout?: number | undefined }) => ({
  ...(signal && { signal }),
  ...(timeout !== undefined && { timeout }),
})

async function converge(
  transport: Transport,
  resources: readonly Resource[],
  options: ApplyOptions,
): Promise<HostReport> {
  const { mode, emit, wait = 0, review } = options
  const { host } = transport
  checkUnique(resources)
  const runner = runnerFor(transport.user, options.root)
  const record = runRecordOf(options)
  for (let turn = 1; turn <= LOOKS; turn++) {
    const observation = await look(transport, resources, runner, limits(options)).catch((error: unknown) => {
      throw error instanceof AbortedError ? stoppedBefore(host) : error
    })
    const plan = planHost(observation)
    const { changes, notes } = plan
    emit({ type: 'host-planned', host, changes, ...(notes.length === 0 ? {} : { notes }) })
    if (mode === 'apply') review?.compare(host, resources, plan)
    if (mode === 'plan' || changes.length === 0) return { host, changes, applied: [], notes }
    const { generation } = observation
    const run = { nonce: newNonce(), runner, record, generation, wait }
    const acted = await act(transport, numberedSteps(plan), run, options)
    if ('applied' in acted) {
      review?.acted(host, resources, plan)
      return { host, changes, applied: acted.applied, notes }
    }
    if (acted.refusal.type === 'held') throw heldError(host, acted.refusal.by)
    if (acted.refusal.type === 'stopped') {
      throw stoppedBefore(host, options.signal?.aborted === true ? undefined : `fleet resume ${record.id}`)
    }
    emit({ type: 'note', host, text: 'another run changed it meanwhile: looking again' })
  }
  throw restlessError(host, LOOKS)
}

/**
 * Brings one host to the wanted state: one execution to observe, one more to act, none when nothing differs. The acting
 * script holds the host alone, and acts only when nobody acted since it was observed; otherwise the host is observed
 * again. It goes on without us: an abort lets its step in progress end, a lost connection nothing at all.
 *
 * Throws CommandError naming the resource whose step failed, TimeoutError, LeaseHeldError, AbortedError saying after
 * how many steps it stopped, ConnectError saying at which step the connection was lost for good, ConfigError for
 * resources that contradict each other, MovedError for a host that is not as it was reviewed. Steps that succeeded stay done: running it again goes on from there, handlers
 * included.
 */
export async function applyResources(
  transport: Transport,
  resources: readonly Resource[],
  options: ApplyOptions,
): Promise<HostReport> {
  const { mode, emit } = options
  const { host } = transport
  try {
    const report = await converge(transport, resources, options)
    const changed = report.changes.length
    if (mode === 'apply') {
      emit({ type: 'host-ended', host, outcome: changed > 0 ? 'changed' : 'unchanged', changed })
    }
    return report
  } catch (error) {
    const outcome = error instanceof ConnectError ? 'unreachable' : 'failed'
    emit({ type: 'host-ended', host, outcome, changed: 0, reason: messageOf(error) })
    throw error
  }
}
