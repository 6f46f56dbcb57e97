import { AbortedError, HealthError, messageOf } from '../errors.ts'
import type { ProbeReport } from './probe-report.ts'
import type { Proof } from './proof.ts'
import { sshLine } from '../transport/endpoint.ts'
import { waitDrained } from '../proxy/drain.ts'
import { expectLive } from '../proxy/expect-live.ts'
import { record } from '../release/history.ts'
import type { Manifest } from '../release/manifest.ts'
import { flip, ofSlot, type Flip } from '../proxy/proxies.ts'
import type { ProxyServer } from '../proxy/proxy.ts'
import type { Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'
import { isShort } from '../swarm/size.ts'
import { watchSlot, type Watched } from './watch.ts'

/** How a slot came to serve. */
export interface WentLive {
  readonly flip: Flip
  /** Requests of the old slot that still go on; it is left running for them. */
  readonly open: number
  readonly watched: Watched
  /** What steady traffic through the front door met; undefined where there is no front door to ask. */
  readonly probe?: ProbeReport
  /** Hosts that could not be told what serves: they were cut off behind the flip. */
  readonly unnoted?: readonly string[]
}

/** Flip, and what follows it. */
export async function goLive(
  swap: Swap,
  slot: Slot,
  live: Slot | undefined,
  manifest: Manifest,
  proof: Proof,
  now: () => Date,
): Promise<WentLive> {
  const { ctx, target } = swap
  ctx.phase(`Flip ${target.name} to ${slot}`)
  const { servers: before } = await expectLive(swap, live)
  const isDead = live !== undefined && isGone(swap, before, live)
  const isDown = live !== undefined && ofSlot(before, live).every(({ health }) => health === 'down')
  if (live !== undefined && !isDown) proof.flipped()
  const flipped = await flip(swap.proxies, swap.names, slot, live, { runId: ctx.runId })
  // What was sent to a slot that answers nobody may end after the flip: it is no fault of the new one.
  if (live === undefined || isDown) proof.flipped(true)
  const { length } = swap.names(slot)
  ctx.note(
    `${slot} serves on ${length} host${length === 1 ? '' : 's'}, flipped in ${flipped.milliseconds} ms`,
  )
  const since = performance.now()
  await swap.slots.follow(slot)
  const note = () => record(swap, 'deploy', slot, manifest, now())
  const back = isDead ? undefined : live
  return { flip: flipped, ...(await stayLive(swap, slot, back, { proof, before, since, note, now })) }
}

/** Whether nothing of what served answers, neither us nor any proxy: there is no way back to it. */
const isGone = (
  { target: { away = [] }, names }: Swap,
  before: readonly ProxyServer[],
  live: Slot,
): boolean =>
  names(live).every(name => away.some(host => host.name === name)) &&
  ofSlot(before, live).every(({ health }) => health === 'down')

interface Standing {
  readonly proof: Proof
  /** What the proxies had counted before the slot served. */
  readonly before: readonly ProxyServer[]
  /** When it began to serve, by the monotonic clock; undefined when another run flipped. */
  readonly since?: number
  /** Writes down what serves. Gives the hosts where it could not. */
  readonly note: () => Promise<readonly string[]>
  readonly now: () => Date
}

/**
 * What follows a flip: drain, watch, and note it; back again when proxies, front door or hosts see errors. Also goes on
 * where a run was cut off behind its flip.
 */
export async function stayLive(
  swap: Swap,
  slot: Slot,
  live: Slot | undefined,
  { proof, before, since = performance.now(), note, now }: Standing,
): Promise<Omit<WentLive, 'flip'>> {
  const { ctx, target, limits } = swap
  // A first deploy has no traffic yet, and nothing to go back to.
  const seconds = live === undefined ? Math.min(2, limits.watchSeconds) : limits.watchSeconds
  ctx.phase(`Watch ${target.name} for ${seconds} s`)
  const watching = watchSlot(swap.read, slot, before, {
    seconds,
    limit: limits.errorLimit,
    fault: () => proof.fault(),
    signal: ctx.signal,
    isShort: down => isShort(target, down),
  })
  const draining =
    live === undefined ? undefined : waitDrained(swap.read, live, limits.drainSeconds, ctx.signal)
  // The watch comes first: while old requests end, new ones may already fail.
  draining?.catch(() => undefined)
  const watched = await watching.catch((error: unknown) => {
    throw error instanceof AbortedError ? unwatched(swap, slot, live, error) : error
  })
  const fault = watched.fault ?? (await swap.slots.fallen(slot, performance.now() - since))
  if (fault !== undefined) await turnBack(swap, slot, live, fault, now)
  // The note comes last: where it is missing, all of this is done by the next run.
  if (live !== undefined) await swap.slots.retire(live)
  const unnoted = await note()
  const drained = await draining
  const probe = await proof.end()
  if (drained !== undefined && drained.open > 0) {
    ctx.note(
      `${drained.open} requests go on in ${drained.servers.join(', ')}: left running until they end, a day at most`,
    )
  }
  return {
    watched,
    open: drained?.open ?? 0,
    ...(probe === undefined ? {} : { probe }),
    ...(unnoted.length === 0 ? {} : { unnoted }),
  }
}

/** The flip has happened: who stops the watch must know that the new release serves. */
const unwatched = ({ target }: Swap, slot: Slot, live: Slot | undefined, cause: AbortedError): AbortedError =>
  new AbortedError(`stopped while ${target.name} was watched: ${slot} serves`, {
    hint:
      live === undefined ? 'fleet status' : `fleet status; back to ${live}: fleet rollback ${target.name}`,
    cause,
  })

async function turnBack(
  swap: Swap,
  slot: Slot,
  live: Slot | undefined,
  fault: string,
  now: () => Date,
): Promise<never> {
  const hint = swap.target.hosts
    .filter(({ name }) => swap.names(slot).includes(name))
    .slice(0, 1)
    .map(host => sshLine(host.target, swap.slots.logs(slot)))
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
  // Why it was turned back has to be told in any case; the next run puts right what did not follow.
  await swap.slots.follow(live).catch((error: unknown) => swap.ctx.warn(messageOf(error)))
  throw new HealthError(`${fault}: flipped back to ${live} in ${back.milliseconds} ms`, { hint })
}
