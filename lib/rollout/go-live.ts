import { containerName } from '../container/slot.ts'
import { HealthError } from '../errors.ts'
import type { ProbeReport } from './probe-report.ts'
import type { Proof } from './proof.ts'
import { sshLine } from '../transport/endpoint.ts'
import { waitDrained } from './drain.ts'
import { expectLive } from './expect-live.ts'
import { arm } from './finish.ts'
import { record } from './history.ts'
import type { Manifest } from './manifest.ts'
import { flip, type Flip } from './proxies.ts'
import type { Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'
import { watchSlot, type Watched } from './watch.ts'

/** How a slot came to serve. */
export interface WentLive {
  readonly flip: Flip
  /** Requests of the old slot that still go on; it is left running for them. */
  readonly open: number
  readonly watched: Watched
  /** What steady traffic through the front door met; undefined where there is no front door to ask. */
  readonly probe?: ProbeReport
}

/** Flip, drain, watch; back again when the proxies see errors. */
export async function goLive(
  swap: Swap,
  slot: Slot,
  live: Slot | undefined,
  manifest: Manifest,
  proof: Proof,
  now: () => Date,
): Promise<WentLive> {
  const { ctx, target, limits } = swap
  ctx.phase(`Flip ${target.name} to ${slot}`)
  const { servers: before } = await expectLive(swap, live)
  if (live !== undefined) proof.flipped()
  const flipped = await flip(swap.proxies, swap.names, slot, live, { runId: ctx.runId })
  if (live === undefined) proof.flipped(true)
  ctx.note(`${slot} serves on ${swap.names.length} hosts, flipped in ${flipped.milliseconds} ms`)
  // A first deploy has no traffic yet, and nothing to go back to.
  const seconds = live === undefined ? Math.min(2, limits.watchSeconds) : limits.watchSeconds
  ctx.phase(`Watch ${target.name} for ${seconds} s`)
  const watching = watchSlot(swap.read, slot, before, {
    seconds,
    limit: limits.errorLimit,
    fault: () => proof.fault(),
    signal: ctx.signal,
  })
  const draining =
    live === undefined ? undefined : waitDrained(swap.read, live, limits.drainSeconds, ctx.signal)
  // The watch comes first: while old requests end, new ones may already fail.
  draining?.catch(() => undefined)
  const watched = await watching
  if (watched.fault !== undefined) await turnBack(swap, slot, live, watched.fault, now)
  await record(swap, 'deploy', slot, manifest, now())
  if (live !== undefined) await arm(swap, live)
  const drained = await draining
  const probe = await proof.end()
  if (drained !== undefined && drained.open > 0) {
    ctx.note(
      `${drained.open} requests go on in ${drained.servers.join(', ')}: left running until they end, a day at most`,
    )
  }
  return { flip: flipped, watched, open: drained?.open ?? 0, ...(probe === undefined ? {} : { probe }) }
}

async function turnBack(
  swap: Swap,
  slot: Slot,
  live: Slot | undefined,
  fault: string,
  now: () => Date,
): Promise<never> {
  const logs = `docker logs --tail 100 ${containerName(swap.target.name, slot)}`
  const hint = swap.target.hosts
    .slice(0, 1)
    .map(host => sshLine(host.target, logs))
    .join('')
  if (live === undefined)
    throw new HealthError(`${fault}; there is no release before it to go back to`, { hint })
  // A view that cannot be had is no reason to leave a bad release alone: the flip itself will tell.
  const seen = await swap.read().catch(() => undefined)
  if (seen !== undefined && seen.live !== slot && seen.live !== 'mixed') {
    const serves = seen.live ?? 'nothing'
    throw new HealthError(`${fault}; not flipped back, since ${serves} serves by now`, { hint })
  }
  const noted = { runId: swap.ctx.runId, always: true }
  const back = await flip(swap.proxies, swap.names, live, slot, noted)
  await record(swap, 'flip-back', live, undefined, now())
  throw new HealthError(`${fault}: flipped back to ${live} in ${back.milliseconds} ms`, { hint })
}
