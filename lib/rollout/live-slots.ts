import type { TaskContext } from '../task/context.ts'
import { swapTarget } from './deploy-container.ts'
import { openSwap } from './swap-target.ts'

/** The slot that the proxies serve, by container service. A service whose proxy cannot be read is left out. */
export async function liveSlots(ctx: TaskContext): Promise<ReadonlyMap<string, string>> {
  const live = new Map<string, string>()
  for (const [name, service] of Object.entries(ctx.fleet.services)) {
    if (service.kind !== 'container') continue
    const view = await openSwap(ctx, swapTarget(ctx, name, service))
      .read()
      .catch(() => undefined)
    if (view?.live !== undefined) live.set(name, view.live)
  }
  return live
}
