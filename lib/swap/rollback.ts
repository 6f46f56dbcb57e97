import { ConfigError } from '../errors.ts'
import { waitDrained } from '../proxy/drain.ts'
import { expectLive } from '../proxy/expect-live.ts'
import { disarm } from './finish.ts'
import { entryOf, record } from '../release/history.ts'
import { leasesOn, withLeases } from '../lease/lease.ts'
import { editionOf } from '../release/manifest.ts'
import { noteServed } from './note-served.ts'
import { clearSlot, prepareSlot } from './prepare.ts'
import type { ProbeReport } from './probe-report.ts'
import { startProof } from './proof.ts'
import { flip, ofSlot, type Flip } from '../proxy/proxies.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { otherSlot, type Slot } from './slot.ts'
import { requirePresent } from './slot-hosts.ts'
import { takeOut } from '../proxy/take-out.ts'
import { isShort } from '../swarm/size.ts'
import { openSwap, type SwapLimits, type SwapTarget } from './swap-target.ts'
import { unflipped } from './unflipped.ts'
import { manifestsBefore, namedManifests, refuseAcross, refuseRepeated } from './way-back.ts'

export interface RollbackOptions {
  readonly target: SwapTarget
  /** A release, its label or its edition; the one before unless told. */
  readonly to?: string
  /** Also across a contract. */
  readonly force?: boolean
  readonly limits?: Partial<SwapLimits>
  readonly now: () => Date
}

export interface RollbackReport {
  readonly outcome: 'rolled-back' | 'unchanged' | 'planned'
  readonly slot: Slot
  /** The release that serves again. */
  readonly release: string
  readonly label: string
  /** Whether the slot was running: a flip was all there was to do. */
  readonly warm: boolean
  readonly flip?: Flip
  /** From the call to the flip's end. */
  readonly milliseconds?: number
  readonly open?: number
  /** What steady traffic through the front door met. */
  readonly probe?: ProbeReport
  /** Hosts that could not be told what serves: they were cut off behind the flip. */
  readonly unnoted?: readonly string[]
}

/**
 * Sends all traffic back to the other slot: the release before, with its own environment and configuration. A warm slot
 * takes one command; a stopped one is started first, from its own manifest. Its hosts are held meanwhile, as in a
 * deploy.
 */
export async function rollback(ctx: RolloutContext, options: RollbackOptions): Promise<RollbackReport> {
  const started = performance.now()
  const { name, hosts, proxies } = options.target
  return withLeases(ctx, leasesOn([...proxies, ...hosts], name), () => rollbackAlone(ctx, options, started))
}

async function rollbackAlone(
  ctx: RolloutContext,
  options: RollbackOptions,
  started: number,
): Promise<RollbackReport> {
  const { target, now } = options
  const swap = openSwap(ctx, target, options.limits)
  await using proof = startProof(swap)
  ctx.phase(`Look at ${target.name}`)
  await takeOut(swap)
  const [view, states, releases] = await Promise.all([
    swap.read(),
    swap.slots.states(),
    swap.slots.releases(),
  ])
  const { live } = view
  if (live === undefined) {
    throw new ConfigError(`${target.name} serves nothing yet`, { hint: `fleet deploy ${target.name}` })
  }
  if (live === 'mixed') {
    throw new ConfigError(`a flip of ${target.name} was cut off: both slots take requests`, {
      hint: `fleet deploy ${target.name}, which finishes it`,
    })
  }
  await swap.slots.settle(live, states)
  const last = await noteServed(swap, live, states, now())
  const slot = otherSlot(live)
  requirePresent(target, slot)
  const { to, force = false } = options
  const manifests =
    to === undefined ? manifestsBefore(swap, slot, states) : namedManifests(swap, releases, live, to)
  const [manifest] = (manifests ?? manifestsBefore(swap, live, states)).values()
  if (manifest === undefined) throw new ConfigError(`no host runs ${target.name}`)
  if (manifests === undefined) {
    ctx.note(`${manifest.label} (${manifest.release}) serves already: nothing to do`)
    return { outcome: 'unchanged', slot: live, release: manifest.release, label: manifest.label, warm: true }
  }
  const editions = swap.names(live).map(name => states.get(name)?.[live].edition)
  if (to === undefined) refuseRepeated(target.name, last, live, editions, manifest)
  if (!force) refuseAcross(target.name, releases, manifest)
  const warm =
    swap.names(slot).every(name => {
      const state = states.get(name)?.[slot]
      return state?.running === true && state.edition === editionOf(manifest)
    }) &&
    ofSlot(view.servers, slot).every(({ admin }) => admin !== 'maint') &&
    !isShort(
      target,
      ofSlot(view.servers, slot).filter(({ health }) => health !== 'up'),
    )
  const about = { slot, release: manifest.release, label: manifest.label, warm }
  if (ctx.planOnly) {
    ctx.note(`would send all traffic to ${slot}: ${manifest.label} (${manifest.release})`)
    return { outcome: 'planned', ...about }
  }
  const next = entryOf(swap, 'rollback', slot, manifest, now())
  if (!warm) {
    ctx.phase(`Start ${target.name} ${slot} (${manifest.label}) again`)
    await unflipped(swap, live, async () => {
      await clearSlot(swap, slot, live, states, manifests)
      await prepareSlot(swap, slot, manifests, next)
    })
  }
  ctx.phase(`Flip ${target.name} to ${slot}`)
  await Promise.all([expectLive(swap, live), warm ? disarm(swap, slot, next) : undefined])
  proof.flipped()
  const flipped = await flip(swap.proxies, swap.names, slot, live, { runId: ctx.runId })
  const milliseconds = Math.round(performance.now() - started)
  ctx.note(`${manifest.label} serves again: flipped in ${flipped.milliseconds} ms, ${milliseconds} ms in all`)
  const unnoted = await record(swap, 'rollback', slot, manifest, now())
  await swap.slots.follow(slot)
  await swap.slots.retire(live)
  const { open } = await waitDrained(swap.read, live, swap.limits.drainSeconds, ctx.signal)
  const probe = await proof.end()
  const fault = proof.fault()
  if (fault !== undefined) ctx.warn(`${fault}: not better than before? fleet releases ${target.name}`)
  return {
    outcome: 'rolled-back',
    ...about,
    flip: flipped,
    milliseconds,
    open,
    ...(probe === undefined ? {} : { probe }),
    ...(unnoted.length === 0 ? {} : { unnoted }),
  }
}
