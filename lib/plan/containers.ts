import type { SlotStates } from '../container/slot-state.ts'
import { ConfigError, CommandError, LoginRefusedError, HostsFailedError } from '../errors.ts'
import type { PlannedChange } from '../events/event.ts'
import { containerEnv, swapTarget } from '../rollout/deploy-container.ts'
import { editionFor } from '../rollout/edition.ts'
import type { ProxyView } from '../rollout/proxies.ts'
import type { Release } from '../rollout/release-model.ts'
import type { Slot } from '../rollout/slot.ts'
import { everyReady, readStates } from '../rollout/swap.ts'
import { openSwap, type Swap } from '../rollout/swap-target.ts'
import type { TaskContext } from '../task/context.ts'

/** What serves now. */
interface Live {
  readonly slot: Slot | 'mixed' | undefined
  /** `<release>-<config>` that runs in it on every host; undefined when they differ. */
  readonly edition: string | undefined
  /** What the operator called that release. */
  readonly label: string | undefined
  /** Running on every host, and ready in every proxy. */
  readonly isWhole: boolean
}

/** What serves, in what proxies and hosts say. Pure. */
export function liveOf(
  swap: Pick<Swap, 'names' | 'proxies' | 'target'>,
  view: ProxyView,
  states: ReadonlyMap<string, SlotStates>,
): Live {
  const { live: slot } = view
  if (slot === undefined || slot === 'mixed') {
    return { slot, edition: undefined, label: undefined, isWhole: false }
  }
  const all = swap.names.map(name => states.get(name)?.[slot])
  const editions = new Set(all.map(state => state?.edition))
  const [edition] = editions
  return {
    slot,
    edition: editions.size === 1 ? edition : undefined,
    label: all.find(state => state?.manifest !== undefined)?.manifest?.label,
    isWhole: all.every(state => state?.running === true) && everyReady(swap, view.servers, slot),
  }
}

const releaseOf = (edition: string | undefined): string | undefined => edition?.replace(/-[^-]*$/, '')

/** The change that a service's container hosts are shown; undefined when the release serves already. Pure. */
export function containerChange(
  service: string,
  { slot, edition, label = 'unknown', isWhole }: Live,
  wanted: { readonly id: string; readonly label: string; readonly edition: string },
): PlannedChange | undefined {
  const resource = `container ${service}`
  const to = `${wanted.label} (${wanted.id})`
  if (slot === undefined) return { resource, action: 'create', detail: to }
  if (slot === 'mixed')
    return { resource, action: 'change', detail: `finish a flip that was cut off -> ${to}` }
  if (edition === wanted.edition) {
    return isWhole ? undefined : { resource, action: 'change', detail: `${to}: not whole on every host` }
  }
  const before = releaseOf(edition)
  if (before === wanted.id) return { resource, action: 'change', detail: `${to}: another configuration` }
  const from = label === wanted.label && before !== undefined ? `${label} (${before})` : label
  return { resource, action: 'change', detail: `${from} -> ${to}` }
}

/** A host that is bare, or a proxy that knows nothing of the service, has no slots: it is no failure of a plan. */
function isFresh(error: unknown): boolean {
  if (error instanceof HostsFailedError) return error.failures.every(failure => isFresh(failure.error))
  return error instanceof LoginRefusedError || error instanceof ConfigError || error instanceof CommandError
}

/** What serves each container service, and what would: changes by service, of those that differ. Reads only. */
export async function containerChanges(
  ctx: TaskContext,
  releases: ReadonlyMap<string, Release>,
): Promise<ReadonlyMap<string, PlannedChange>> {
  const changes = new Map<string, PlannedChange>()
  for (const [name, service] of Object.entries(ctx.fleet.services)) {
    const release = releases.get(name)
    if (service.kind !== 'container' || release === undefined) continue
    const swap = openSwap(ctx, swapTarget(ctx, name, service))
    const { edition } = editionFor(
      service,
      release.id,
      await containerEnv(ctx, service, release.id),
      swap.limits.stopSeconds,
    )
    const nothing: Live = { slot: undefined, edition: undefined, label: undefined, isWhole: false }
    const live = await Promise.all([swap.read(), readStates(swap)]).then(
      ([view, states]) => liveOf(swap, view, states),
      (error: unknown) => {
        if (isFresh(error)) return nothing
        throw error
      },
    )
    const change = containerChange(name, live, { id: release.id, label: release.label, edition })
    if (change !== undefined) changes.set(name, change)
  }
  return changes
}
