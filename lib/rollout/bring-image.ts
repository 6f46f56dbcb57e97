import type { Engine } from '../container/engine.ts'
import { buildImage, type Image } from '../container/image.ts'
import { shipImage, type Shipped } from '../container/ship.ts'
import { throwIfAborted } from './pause.ts'
import type { Release } from './release-model.ts'
import type { Swap } from './swap-target.ts'

/** Builds the release's image where there is none yet, and brings it to every host of the service. */
export async function bringImage(
  { ctx, target }: Swap,
  release: Release,
  engine: Engine,
): Promise<{ readonly image: Image; readonly shipped: Readonly<Record<string, Shipped>> }> {
  const { name, service, hosts } = target
  const { signal, emit } = ctx
  ctx.phase(`Build ${name} ${release.label}`)
  const { buildArgs = {} } = service
  const image = await buildImage({ service: name, release, buildArgs, engine, signal, emit })
  ctx.phase(`Ship ${image.tag}`)
  const shipped = Object.fromEntries(
    await shipImage(ctx, { service: name, image, hosts, hostEngine: service.engine ?? 'docker', engine }),
  )
  throwIfAborted(signal)
  return { image, shipped }
}
