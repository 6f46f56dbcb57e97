import type { Resource } from '../resource/resource.ts'
import type { TaskContext } from '../task/context.ts'
import { aliasResource } from './alias.ts'
import { liveHostOf } from './live-host.ts'
import { pairsOf, pairTarget } from './pair-target.ts'

/** The aliases of all pairs of the fleet that serve: for whatever is brought to any host. */
export async function aliasResources(ctx: TaskContext): Promise<readonly Resource[]> {
  const found = await Promise.all(
    pairsOf(ctx.fleet)
      .filter(([, { pair }]) => pair.alias !== undefined)
      .map(async ([name, service]) => {
        const live = await liveHostOf(ctx, name, service)
        return live === undefined ? [] : [aliasResource(pairTarget(ctx, name, service, new Set()), live)]
      }),
  )
  return found.flat().filter(resource => resource !== undefined)
}
