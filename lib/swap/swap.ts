import type { EnvValues } from '../container/env-file.ts'
import type { Engine } from '../container/engine.ts'
import type { Shipped } from '../ship/ship.ts'
import type { SlotStates } from '../container/slot-state.ts'
import { goLive, stayLive, type WentLive } from './go-live.ts'
import { entryOf } from '../release/history.ts'
import { leasesOn, withLeases } from '../lease/lease.ts'
import type { Manifest } from '../release/manifest.ts'
import { noteServed, wasCutOff } from './note-served.ts'
import { throwIfAborted } from '../rollout/pause.ts'
import { pendingContract } from '../migration/pending-contract.ts'
import { clearSlot, prepareSlot } from './prepare.ts'
import { startProof } from './proof.ts'
import type { ProxyServer } from '../proxy/proxy.ts'
import type { Release } from '../release/release-model.ts'
import { everyReady, liveOf, slotChange } from '../proxy/serving.ts'
import { settleLive } from './settle.ts'
import { otherSlot, type Slot } from './slot.ts'
import { takeOut } from '../proxy/take-out.ts'
import { openSwap, type Swap, type SwapLimits, type SwapTarget } from './swap-target.ts'
import { unflipped } from './unflipped.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'

export interface DeployOptions {
  readonly target: SwapTarget
  readonly release: Release
  /** The service's environment with addresses and secrets filled in. */
  readonly env: EnvValues
  readonly engine: Engine
  readonly limits?: Partial<SwapLimits>
  readonly now: () => Date
}

export interface DeployReport extends Partial<WentLive> {
  readonly outcome: 'deployed' | 'unchanged' | 'planned'
  readonly release: string
  readonly label: string
  readonly edition: string
  /** The slot that serves it. */
  readonly slot: Slot
  readonly built?: boolean
  readonly shipped?: Readonly<Record<string, Shipped>>
  readonly migrated?: boolean
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
  const { name } = target
  const swap = openSwap(ctx, target, options.limits)
  const stopSeconds = swap.limits.stopSeconds
  const { edition, env, ...decided } = swap.slots.edition(release, options.env, stopSeconds)
  const about = { release: release.id, label: release.label, edition }

  ctx.phase(`Look at ${name}`)
  await takeOut(swap)
  const [view, states] = await Promise.all([swap.read(), swap.slots.states()])
  ctx.review?.serves(name, slotChange(swap, liveOf(swap, view, states), about))
  const runs = (slot: Slot): boolean =>
    swap.names(slot).every(host => {
      const state = states.get(host)?.[slot]
      return state?.running === true && state.edition === edition
    })
  const live = await settleLive(swap, view, states, runs)
  if (live !== undefined) {
    pendingContract(swap, states, live)
    await swap.slots.settle(live, states)
  }
  // After a flip that had to be finished, the first view is out of date.
  const { servers: settled } = view.live === 'mixed' ? await swap.read() : view
  const serves = live !== undefined && runs(live) && everyReady(swap, settled, live)
  if (serves && !ctx.planOnly && wasCutOff(swap, live, states)) {
    const went = await goOn(swap, live, states, settled, now)
    return { outcome: 'deployed', slot: live, ...about, ...went }
  }
  if (live !== undefined && !ctx.planOnly) await noteServed(swap, live, states, now())
  if (serves) {
    await swap.slots.follow(live)
    ctx.note(`${release.label} (${release.id}) serves already: nothing to do`)
    return { outcome: 'unchanged', slot: live, ...about }
  }
  const slot = live === undefined ? 'blue' : otherSlot(live)
  if (ctx.planOnly) {
    const hosts = swap.names(slot).join(', ')
    ctx.note(`would start ${release.label} (${release.id}) as ${slot} on ${hosts} and send all traffic to it`)
    return { outcome: 'planned', slot, ...about }
  }

  const { digest, place, ...fetched } = await unflipped(swap, live, () =>
    swap.slots.fetch(release, slot, options.engine),
  )

  await using proof = startProof(swap)
  ctx.phase(`Prepare ${name} ${slot}`)
  const ofHost = (host: string): Manifest => ({
    service: name,
    release: release.id,
    label: release.label,
    ...decided,
    stopSeconds,
    created: now().toISOString(),
    owner: ctx.owner,
    run: ctx.runId,
    ...(ctx.message === undefined ? {} : { message: ctx.message }),
    image: digest(host),
  })
  const first = swap.names(slot)[0] ?? ''
  const manifests = new Map(swap.names(slot).map(host => [host, ofHost(host)]))
  const migrated = await unflipped(swap, live, async () => {
    await clearSlot(swap, slot, live, states, manifests)
    const ran = await place(manifests, env)
    throwIfAborted(ctx.signal)
    await prepareSlot(swap, slot, manifests, entryOf(swap, 'deploy', slot, ofHost(first), now()))
    throwIfAborted(ctx.signal)
    return ran
  })
  const wentLive = await goLive(swap, slot, live, ofHost(first), proof, now)
  await swap.slots.letGo()
  if (decided.contract !== undefined)
    ctx.note(`what only the release before needed stays until: fleet finish ${name}`)
  return { outcome: 'deployed', slot, ...about, ...fetched, migrated, ...wentLive }
}

/** Goes on where a deploy was cut off behind its flip: nobody has watched or noted since what serves. */
async function goOn(
  swap: Swap,
  live: Slot,
  states: ReadonlyMap<string, SlotStates>,
  before: readonly ProxyServer[],
  now: () => Date,
): Promise<Omit<WentLive, 'flip'>> {
  swap.ctx.warn(`a deploy was cut off behind its flip: ${live} serves already, and is watched now`)
  const old = otherSlot(live)
  const isWarm = swap.names(old).every(name => states.get(name)?.[old].running === true)
  await using proof = startProof(swap)
  proof.flipped(true)
  await swap.slots.follow(live)
  const note = async () => {
    await noteServed(swap, live, states, now())
    return []
  }
  const went = await stayLive(swap, live, isWarm ? old : undefined, { proof, before, note, now })
  await swap.slots.letGo()
  return went
}
