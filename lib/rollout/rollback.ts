import { ConfigError } from '../errors.ts'
import type { SlotStates } from '../container/slot-state.ts'
import { waitDrained } from './drain.ts'
import { expectLive } from './expect-live.ts'
import { arm, disarm } from './finish.ts'
import { lastAct, record, type HistoryEntry } from './history.ts'
import { leasesOn, withLeases } from './lease.ts'
import { editionOf, type Manifest } from './manifest.ts'
import { clearSlot, prepareSlot } from './prepare.ts'
import type { ProbeReport } from './probe-report.ts'
import { startProof } from './proof.ts'
import { flip, ofSlot, type Flip } from './proxies.ts'
import { quote } from '../shell/quote.ts'
import type { RolloutContext } from './rollout-context.ts'
import { otherSlot, type Slot } from './slot.ts'
import { readStates } from './swap.ts'
import { takeOut } from './take-out.ts'
import { isShort } from '../swarm/size.ts'
import { openSwap, type Swap, type SwapLimits, type SwapTarget } from './swap-target.ts'

export interface RollbackOptions {
  readonly target: SwapTarget
  readonly limits?: Partial<SwapLimits>
  readonly now: () => Date
}

export interface RollbackReport {
  readonly outcome: 'rolled-back' | 'planned'
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
  const [view, states, last] = await Promise.all([swap.read(), readStates(swap), lastAct(swap)])
  const { live } = view
  if (live === undefined) {
    throw new ConfigError(`${target.name} serves nothing yet`, { hint: `fleet deploy ${target.name}` })
  }
  if (live === 'mixed') {
    throw new ConfigError(`a flip of ${target.name} was cut off: both slots take requests`, {
      hint: `fleet deploy ${target.name}, which finishes it`,
    })
  }
  const slot = otherSlot(live)
  const manifests = manifestsOf(swap, slot, states)
  const [manifest] = manifests.values()
  if (manifest === undefined) throw new ConfigError(`no host runs ${target.name}`)
  refuseRepeated(
    target.name,
    last,
    live,
    swap.names.map(name => states.get(name)?.[live].edition),
    manifest,
  )
  const warm =
    swap.names.every(name => {
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
  if (!warm) {
    ctx.phase(`Start ${target.name} ${slot} (${manifest.label}) again`)
    await clearSlot(swap, slot, live, states, manifests)
    await prepareSlot(swap, slot, manifests)
  }
  ctx.phase(`Flip ${target.name} to ${slot}`)
  await Promise.all([expectLive(swap, live), warm ? disarm(swap, slot) : undefined])
  proof.flipped()
  const flipped = await flip(swap.proxies, swap.names, slot, live, { runId: ctx.runId })
  const milliseconds = Math.round(performance.now() - started)
  ctx.note(`${manifest.label} serves again: flipped in ${flipped.milliseconds} ms, ${milliseconds} ms in all`)
  await record(swap, 'rollback', slot, manifest, now())
  await arm(swap, live)
  const { open } = await waitDrained(swap.read, live, swap.limits.drainSeconds, ctx.signal)
  const probe = await proof.end()
  const fault = proof.fault()
  if (fault !== undefined) ctx.warn(`${fault}: not better than before? fleet status`)
  return {
    outcome: 'rolled-back',
    ...about,
    flip: flipped,
    milliseconds,
    open,
    ...(probe === undefined ? {} : { probe }),
  }
}

/**
 * Throws when what serves was brought by a rollback, and nothing was done since: the slot that a second one would go to
 * holds the very release that the first one took away. `editions` are those that serve, by host.
 */
export function refuseRepeated(
  service: string,
  last: HistoryEntry | undefined,
  live: Slot,
  editions: readonly (string | undefined)[],
  other: Pick<Manifest, 'release' | 'label'>,
): void {
  if (last?.action !== 'rollback' || last.slot !== live) return
  if (!editions.every(edition => edition === last.edition)) return
  const [release = 'unknown'] = last.edition?.split('-') ?? []
  throw new ConfigError(
    `${service} was rolled back already, at ${last.at}: ${last.label ?? release} (${release}) serves. Another rollback would bring back ${other.label} (${other.release}), which that one took away`,
    { hint: `fleet swap ${service} --release ${quote(other.label)}` },
  )
}

/** What each host's slot ran last. All must have run the same release: anything else was no release of the fleet. */
function manifestsOf(
  swap: Swap,
  slot: Slot,
  states: ReadonlyMap<string, SlotStates>,
): ReadonlyMap<string, Manifest> {
  const found = new Map<string, Manifest>()
  for (const name of swap.names) {
    const manifest = states.get(name)?.[slot].manifest
    if (manifest !== undefined) found.set(name, manifest)
  }
  const lacking = swap.names.filter(name => !found.has(name))
  const releases = new Set([...found.values()].map(({ release, config }) => `${release}-${config}`))
  if (lacking.length > 0 || releases.size !== 1) {
    throw new ConfigError(`${swap.target.name} has no release to go back to`, {
      issues:
        lacking.length > 0
          ? lacking.map(name => `${name} has run none in ${slot}`)
          : [`its hosts ran different releases in ${slot}: ${[...releases].join(', ')}`],
      hint: `fleet swap ${swap.target.name} --release <release>`,
    })
  }
  return found
}
