import type { EnvValues } from '../container/env-file.ts'
import type { Engine } from '../container/engine.ts'
import { buildImage } from '../container/image.ts'
import { releaseFiles } from '../container/release-files.ts'
import { shipImage, type Shipped } from '../container/ship.ts'
import { containerName } from '../container/slot.ts'
import { readSlots, type SlotStates } from '../container/slot-state.ts'
import { AbortedError, HealthError } from '../errors.ts'
import { waitDrained } from './drain.ts'
import { editionFor } from './edition.ts'
import { expectLive } from './expect-live.ts'
import { noteServed, record } from './history.ts'
import { leasesOn, withLeases } from './lease.ts'
import type { Manifest } from './manifest.ts'
import { migrate } from './migrate.ts'
import { throwIfAborted } from './pause.ts'
import { clearSlot, prepareSlot } from './prepare.ts'
import { flip, type Flip } from './proxies.ts'
import type { Release } from './release-model.ts'
import { containerChange, everyReady, liveOf } from './serving.ts'
import { settleLive } from './settle.ts'
import { otherSlot, type Slot } from './slot.ts'
import { takeOut } from './take-out.ts'
import { openSwap, type Swap, type SwapLimits, type SwapTarget } from './swap-target.ts'
import type { RolloutContext } from './rollout-context.ts'
import { sshLine } from '../transport/endpoint.ts'
import { watchSlot, type Watched } from './watch.ts'

export interface DeployOptions {
  readonly target: SwapTarget
  readonly release: Release
  /** The service's environment with addresses and secrets filled in. */
  readonly env: EnvValues
  readonly engine: Engine
  readonly limits?: Partial<SwapLimits>
  readonly now: () => Date
}

export interface DeployReport {
  readonly outcome: 'deployed' | 'unchanged' | 'planned'
  readonly release: string
  readonly label: string
  readonly edition: string
  /** The slot that serves it. */
  readonly slot: Slot
  readonly built?: boolean
  readonly shipped?: Readonly<Record<string, Shipped>>
  readonly migrated?: boolean
  readonly flip?: Flip
  /** Requests of the old slot that still go on; it is left running for them. */
  readonly open?: number
  readonly watched?: Watched
}

/**
 * Brings a release into service: prepares the idle slot on every host, flips all of them with one command, and
 * watches. Cut off anywhere, it goes on when it is called again. What is live is read from the proxies, which are held
 * with all other hosts of the service against every other run until the end.
 */
export async function deploy(ctx: RolloutContext, options: DeployOptions): Promise<DeployReport> {
  const { name, hosts, proxies } = options.target
  return withLeases(ctx, leasesOn([...proxies, ...hosts], name), () => deployAlone(ctx, options))
}

async function deployAlone(ctx: RolloutContext, options: DeployOptions): Promise<DeployReport> {
  const { target, release, now } = options
  const { name, service } = target
  const swap = openSwap(ctx, target, options.limits)
  const stopSeconds = swap.limits.stopSeconds
  const { config, edition, env } = editionFor(service, release.id, options.env, stopSeconds)
  const about = { release: release.id, label: release.label, edition }

  ctx.phase(`Look at ${name}`)
  await takeOut(swap)
  const [view, states] = await Promise.all([swap.read(), readStates(swap)])
  ctx.review?.serves(name, containerChange(name, liveOf(swap, view, states), about))
  const runs = (slot: Slot): boolean =>
    swap.names.every(host => {
      const state = states.get(host)?.[slot]
      return state?.running === true && state.edition === edition
    })
  const live = await settleLive(swap, view, states, runs)
  if (live !== undefined && !ctx.planOnly) await noteServed(swap, live, states)
  // After a flip that had to be finished, the first view is out of date.
  const { servers: settled } = view.live === 'mixed' ? await swap.read() : view
  if (live !== undefined && runs(live) && everyReady(swap, settled, live)) {
    ctx.note(`${release.label} (${release.id}) serves already: nothing to do`)
    return { outcome: 'unchanged', slot: live, ...about }
  }
  const slot = live === undefined ? 'blue' : otherSlot(live)
  if (ctx.planOnly) {
    const hosts = swap.names.join(', ')
    ctx.note(`would start ${release.label} (${release.id}) as ${slot} on ${hosts} and send all traffic to it`)
    return { outcome: 'planned', slot, ...about }
  }

  ctx.phase(`Build ${name} ${release.label}`)
  const { engine } = options
  const { signal, emit } = ctx
  const image = await buildImage({
    service: name,
    release,
    buildArgs: service.buildArgs ?? {},
    engine,
    signal,
    emit,
  })
  ctx.phase(`Ship ${image.tag}`)
  const shipped = Object.fromEntries(await shipImage(ctx, image, target.hosts, engine))
  throwIfAborted(signal)

  ctx.phase(`Prepare ${name} ${slot}`)
  const manifest: Manifest = {
    service: name,
    release: release.id,
    label: release.label,
    config,
    image: image.id,
    port: service.port,
    stopSeconds,
    created: now().toISOString(),
  }
  const manifests = new Map(swap.names.map(host => [host, manifest]))
  await clearSlot(swap, slot, live, states, manifests)
  await ctx.apply([releaseFiles(manifest, env)], target.hosts)
  const migrated = await migrate(swap, manifest)
  throwIfAborted(signal)
  await prepareSlot(swap, slot, manifests)
  throwIfAborted(signal)
  return {
    outcome: 'deployed',
    slot,
    ...about,
    built: image.built,
    shipped,
    migrated,
    ...(await goLive(swap, slot, live, manifest, now)),
  }
}

/** Flip, drain, watch; back again when the proxies see errors. */
async function goLive(
  swap: Swap,
  slot: Slot,
  live: Slot | undefined,
  manifest: Manifest,
  now: () => Date,
): Promise<Pick<DeployReport, 'flip' | 'open' | 'watched'>> {
  const { ctx, target, limits } = swap
  ctx.phase(`Flip ${target.name} to ${slot}`)
  const { servers: before } = await expectLive(swap, live)
  const flipped = await flip(swap.proxies, swap.names, slot, live, { runId: ctx.runId })
  const { length } = swap.names
  ctx.note(
    `${slot} serves on ${length} host${length === 1 ? '' : 's'}, flipped in ${flipped.milliseconds} ms`,
  )
  // A first deploy has no traffic yet, and nothing to go back to.
  const seconds = live === undefined ? Math.min(2, limits.watchSeconds) : limits.watchSeconds
  ctx.phase(`Watch ${target.name} for ${seconds} s`)
  const watching = watchSlot(swap.read, slot, before, {
    seconds,
    limit: limits.errorLimit,
    signal: ctx.signal,
  })
  const draining =
    live === undefined ? undefined : waitDrained(swap.read, live, limits.drainSeconds, ctx.signal)
  // The watch comes first: while old requests end, new ones may already fail.
  draining?.catch(() => undefined)
  const watched = await watching.catch((error: unknown) => {
    throw error instanceof AbortedError ? unwatched(swap, slot, live, error) : error
  })
  if (watched.fault !== undefined) await turnBack(swap, slot, live, watched.fault, now)
  await record(swap, 'deploy', slot, manifest, now())
  const drained = await draining
  if (drained !== undefined && drained.open > 0) {
    ctx.note(`${drained.open} requests go on in ${drained.servers.join(', ')}: left running until they end`)
  }
  return { flip: flipped, watched, open: drained?.open ?? 0 }
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
  const back = await flip(swap.proxies, swap.names, live, slot, {
    runId: swap.ctx.runId,
    always: true,
  })
  await record(swap, 'flip-back', live, undefined, now())
  throw new HealthError(`${fault}: flipped back to ${live} in ${back.milliseconds} ms`, { hint })
}

/** Both slots of every host. */
export const readStates = ({ ctx, target }: Swap): Promise<ReadonlyMap<string, SlotStates>> =>
  ctx.each(target.hosts, host => readSlots(ctx.on(host), target.name))
