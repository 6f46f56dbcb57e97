import { AbortedError, ConnectError, messageOf } from '../errors.ts'
import type { EventSink, PlannedChange } from '../events/event.ts'
import type { ExecOptions, Transport } from '../transport/transport.ts'
import { actProgram, longest, numberedSteps } from './act.ts'
import type { RunIdentity } from './act.ts'
import { ActReader } from './act-reader.ts'
import { observeProgram, readObservation } from './observe.ts'
import type { HostPlan } from './plan.ts'
import { checkUnique, planHost } from './plan.ts'
import type { Runner } from './program.ts'
import { newNonce, packed, runnerFor } from './program.ts'
import type { Resource } from './resource.ts'

export interface ApplyOptions extends RunIdentity {
  /** `plan` only looks. */
  readonly mode: 'plan' | 'apply'
  /** As root, through `sudo -n` where the login is another user. Without it, as the login itself. */
  readonly root: boolean
  readonly emit: EventSink
  readonly signal?: AbortSignal
  /** Milliseconds for the observing program. The acting one ends with its steps, each of which has its own limit. */
  readonly timeout?: number
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

const REACH = 60_000

const limits = ({ signal, timeout }: { signal?: AbortSignal | undefined; timeout?: number | undefined }) => ({
  ...(signal && { signal }),
  ...(timeout !== undefined && { timeout }),
})

async function observe(
  transport: Transport,
  resources: readonly Resource[],
  runner: Runner,
  limit: ExecOptions,
) {
  const nonce = newNonce()
  const stdin = packed(observeProgram(resources, nonce, runner.stateFolder))
  const result = await transport.exec(runner.command, { ...limit, stdin, root: runner.root })
  return readObservation(transport, resources, nonce, result)
}

async function act(transport: Transport, plan: HostPlan, runner: Runner, options: ApplyOptions) {
  const nonce = newNonce()
  const steps = numberedSteps(plan)
  const reader = new ActReader(transport.host, steps, nonce, options.emit)
  const stdin = packed(actProgram(steps, nonce, runner, options))
  try {
    const result = await transport.exec(runner.command, {
      ...limits({ signal: options.signal, timeout: longest(steps) * 1000 + REACH }),
      stdin,
      root: runner.root,
      discardStdout: true,
      onStdout: chunk => reader.push(chunk),
    })
    reader.finish(result)
  } catch (error) {
    if (error instanceof ConnectError) throw reader.lost(error)
    throw error instanceof AbortedError ? reader.stopped(error) : error
  }
  return reader.applied
}

async function converge(transport: Transport, resources: readonly Resource[], options: ApplyOptions) {
  const { mode, emit } = options
  const { host } = transport
  checkUnique(resources)
  const runner = runnerFor(transport.user, options.root)
  const plan = planHost(await observe(transport, resources, runner, limits(options)))
  for (const text of plan.notes) emit({ type: 'note', text, host })
  emit({ type: 'host-planned', host, changes: plan.changes })
  const due = mode === 'apply' && plan.changes.length > 0
  const applied = due ? await act(transport, plan, runner, options) : []
  return { host, changes: plan.changes, applied, notes: plan.notes }
}

/**
 * Brings one host to the wanted state: one execution to observe, one more to act, none when nothing differs. Throws
 * CommandError naming the resource whose step failed, TimeoutError, LeaseHeldError, ConnectError saying at which step
 * the connection was lost, ConfigError for resources that contradict each other. Steps that succeeded stay done:
 * running it again goes on from there, handlers included.
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
