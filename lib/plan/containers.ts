import { ConfigError, CommandError, LoginRefusedError, HostsFailedError } from '../errors.ts'
import type { PlannedChange } from '../events/event.ts'
import { isPair } from '../fleet/pair-model.ts'
import { containerEnv } from '../swap/deploy-container.ts'
import { targetOf } from '../swap/target-of.ts'
import type { Release } from '../release/release-model.ts'
import { liveOf, slotChange, type Live } from '../proxy/serving.ts'
import { otherSlot, SLOTS } from '../swap/slot.ts'
import { openSwap } from '../swap/swap-target.ts'
import type { TaskContext } from '../task/context.ts'

/** A host that is bare, or a proxy that knows nothing of the service, has no slots: it is no failure of a plan. */
function isFresh(error: unknown): boolean {
  if (error instanceof HostsFailedError) return error.failures.every(failure => isFresh(failure.error))
  return error instanceof LoginRefusedError || error instanceof ConfigError || error instanceof CommandError
}

/** A change of what serves, and the hosts that get something for it, by name. */
export interface ServingChange {
  readonly change: PlannedChange
  readonly hosts: readonly string[]
}

/** What serves each service with slots, and what would: changes by service, of those that differ. Reads only. */
export async function containerChanges(
  ctx: TaskContext,
  releases: ReadonlyMap<string, Release>,
): Promise<ReadonlyMap<string, ServingChange>> {
  const changes = new Map<string, ServingChange>()
  for (const [name, service] of Object.entries(ctx.fleet.services)) {
    const release = releases.get(name)
    if ((service.kind !== 'container' && !isPair(service)) || release === undefined) continue
    const swap = openSwap(ctx, targetOf(ctx, name, service))
    const env = await containerEnv(ctx, service, release.id)
    const { edition } = swap.slots.edition(release, env, swap.limits.stopSeconds)
    const nothing: Live = { slot: undefined, edition: undefined, label: undefined, isWhole: false }
    const live = await Promise.all([swap.read(), swap.slots.states()]).then(
      ([view, states]) => liveOf(swap, view, states),
      (error: unknown) => {
        if (isFresh(error)) return nothing
        throw error
      },
    )
    const change = slotChange(swap, live, { release: release.id, label: release.label, edition })
    if (change === undefined) continue
    const both = live.slot === 'mixed' ? SLOTS : [live.slot === undefined ? 'blue' : otherSlot(live.slot)]
    changes.set(name, { change, hosts: [...new Set(both.flatMap(slot => swap.names(slot)))] })
  }
  return changes
}
