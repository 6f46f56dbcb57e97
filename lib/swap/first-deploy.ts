import { dockerEngine } from '../container/engine.ts'
import { buildImage } from '../container/image.ts'
import { buildOf } from '../ship/bring-image.ts'
import type { TaskContext } from '../task/context.ts'
import type { Release } from '../release/release.ts'
import { openSwap, type ContainerTarget, type SwapTarget } from './swap-target.ts'

/** Whether no proxy of the service knows its slots yet: the very first deploy. Changes nothing. */
export const isFirstDeploy = (ctx: TaskContext, target: SwapTarget): Promise<boolean> =>
  openSwap(ctx, target)
    .read()
    .then(
      () => false,
      () => true,
    )

/**
 * Builds the image of a release while the hosts still install what they need, which both take a while on a first
 * deploy. A later one may find that the release serves already, so it builds nothing until it knows. A failure is left
 * to the swap, which builds again and tells it where it belongs.
 */
export async function buildEarly(ctx: TaskContext, target: ContainerTarget, release: Release): Promise<void> {
  if (ctx.planOnly || release.image !== undefined || !(await isFirstDeploy(ctx, target))) return
  const { signal, emit } = ctx
  const build = { service: target.name, release, ...buildOf(target.service), signal, emit }
  await buildImage({ ...build, engine: dockerEngine() }).catch(() => undefined)
}
