import {
  AbortedError,
  ConnectError,
  HostKeyError,
  HostsFailedError,
  LoginRefusedError,
  type HostFailure,
} from '../errors.ts'
import type { Unreachable } from '../fleet/rollout-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { TaskContext } from '../task/context.ts'
import { pause, throwIfAborted } from './pause.ts'
import { describeStanding, type Standing } from './standing.ts'

/** The hosts of a roll-out, in groups that follow each other. */
export interface BatchPlan {
  /** What is rolled out, for people: `v2 (0123456789ab)`. */
  readonly what: string
  readonly groups: readonly (readonly FleetHost[])[]
  /** Hosts whose failure ends it whatever may be borne: canaries, and the one that migrates. */
  readonly needed: ReadonlySet<string>
  /** How many hosts may fail before no further group begins. Another host key is never borne. */
  readonly borne: number
  readonly pauseSeconds: number
  readonly unreachable: Unreachable
  /** A command that goes back to the release before, as seen from the hosts that wait. Asked only after a failure. */
  back(waiting: readonly string[]): Promise<string>
}

export interface BatchReport<T> {
  readonly done: ReadonlyMap<string, T>
  /** As many as may be borne. */
  readonly failed: readonly HostFailure[]
  /** Could not be reached: for the quarantine. */
  readonly away: readonly HostFailure[]
}

type BatchContext = Pick<TaskContext, 'each' | 'phase' | 'signal' | 'runId' | 'stepsBegun'>

/** A host that does not answer. One that answers and refuses us is a matter for people. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof ConnectError && !(error instanceof LoginRefusedError)

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** The host's own error, out of that of a run over it alone. */
const ownError = (error: unknown): Error => {
  const [only, ...more] = error instanceof HostsFailedError ? error.failures : []
  return only === undefined || more.length > 0 ? asError(error) : only.error
}

/**
 * Does `work` on each host, group by group. A host does not wait for another but at the end of its group. Throws a
 * HostsFailedError when more fail than may be borne, an AbortedError after Ctrl-C; both say which hosts have the
 * release, which failed and which were not begun.
 */
export async function inBatches<T>(
  ctx: BatchContext,
  plan: BatchPlan,
  work: (host: FleetHost) => Promise<T>,
): Promise<BatchReport<T>> {
  const { groups, needed, borne } = plan
  const hosts = groups.flat()
  const all = hosts.map(({ name }) => name)
  const done = new Map<string, T>()
  const failed: HostFailure[] = []
  const away: HostFailure[] = []
  /** Steps that an earlier part of the run had begun there before the host's turn. */
  const before = new Map<string, number>()
  const standing = (): Standing => {
    const ended = new Set([...done.keys(), ...[...failed, ...away].map(({ host }) => host)])
    // One that was only looked at is as it was.
    const isInterrupted = (host: FleetHost) =>
      !ended.has(host.name) && ctx.stepsBegun(host) > (before.get(host.name) ?? Infinity)
    const interrupted = hosts.filter(isInterrupted).map(({ name }) => name)
    return {
      what: plan.what,
      done: all.filter(name => done.has(name)),
      failed,
      away,
      interrupted,
      waiting: all.filter(name => !ended.has(name) && !interrupted.includes(name)),
    }
  }

  for (const [index, group] of groups.entries()) {
    if (groups.length > 1) {
      ctx.phase(`batch ${index + 1} of ${groups.length}: ${group.map(({ name }) => name).join(', ')}`)
    }
    try {
      throwIfAborted(ctx.signal)
      if (index > 0 && plan.pauseSeconds > 0) await pause(plan.pauseSeconds * 1000, ctx.signal)
      await ctx.each(group, async host => {
        before.set(host.name, ctx.stepsBegun(host))
        try {
          done.set(host.name, await work(host))
        } catch (error) {
          const failure = { host: host.name, error: ownError(error) }
          if (ctx.signal.aborted) return
          if (plan.unreachable === 'skip' && isUnreachable(failure.error)) away.push(failure)
          else failed.push(failure)
        }
      })
      throwIfAborted(ctx.signal)
    } catch (error) {
      if (!ctx.signal.aborted) throw error
      const reason: unknown = ctx.signal.reason
      const stopped = reason instanceof AbortedError ? reason.message : 'stopped'
      // A run of which nothing has begun is known to no host.
      const hasBegun = plan.groups.flat().some(host => ctx.stepsBegun(host) > 0)
      const hint = hasBegun || !(reason instanceof AbortedError) ? `fleet resume ${ctx.runId}` : reason.hint
      throw new AbortedError(`${stopped}: ${describeStanding(standing())}`, {
        cause: error,
        ...(hint === undefined ? {} : { hint }),
      })
    }
    const isOver = index === groups.length - 1
    const needy =
      away.some(({ host }) => needed.has(host)) ||
      failed.some(({ host, error }) => needed.has(host) || error instanceof HostKeyError)
    if (failed.length > borne || needy || (isOver && done.size === 0 && all.length > 0)) {
      const end = standing()
      throw new HostsFailedError([...failed, ...away], all.length, {
        standing: describeStanding(end),
        hint: `fleet retry ${ctx.runId}; or go back: ${await plan.back(end.waiting)}`,
      })
    }
  }
  return { done, failed, away }
}
