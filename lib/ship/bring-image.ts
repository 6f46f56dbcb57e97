import type { Engine } from '../container/engine.ts'
import { buildImage, type BuildOptions } from '../container/image.ts'
import { pullImage } from './pull.ts'
import { shipImage, type Shipped } from './ship.ts'
import type { ContainerService } from '../fleet/model.ts'
import { throwIfAborted } from '../rollout/pause.ts'
import type { Release } from '../release/release-model.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'

/** A release's image on the hosts of a service. */
export interface Brought {
  readonly built: boolean
  readonly shipped: Readonly<Record<string, Shipped>>
}

/** How the image of a service is built: what its fleet file says of it. */
export const buildOf = ({
  buildArgs,
  image,
}: ContainerService): Pick<BuildOptions, 'buildArgs' | 'recipe'> => ({
  ...(buildArgs === undefined ? {} : { buildArgs }),
  ...(image === undefined ? {} : { recipe: image }),
})

/**
 * Builds the release's image where there is none yet, and brings it to every host of the service. An image in a registry is
 * not built: the hosts pull it, by its digest.
 */
export async function bringImage(
  { ctx, target }: Opened<ContainerTarget>,
  release: Release,
  engine: Engine,
): Promise<Brought> {
  const { name, service, hosts } = target
  const { signal, emit } = ctx
  const { engine: hostEngine = 'docker' } = service
  if (release.image !== undefined) {
    ctx.phase(`Pull ${release.label}`)
    const { image: reference } = release
    const pulled = await pullImage(ctx, { service: name, release: release.id, reference, hosts, hostEngine })
    throwIfAborted(signal)
    return { built: false, shipped: Object.fromEntries(pulled) }
  }
  ctx.phase(`Build ${name} ${release.label}`)
  const image = await buildImage({ service: name, release, ...buildOf(service), engine, signal, emit })
  ctx.phase(`Ship ${image.tag}`)
  const shipped = Object.fromEntries(
    await shipImage(ctx, { service: name, image, hosts, hostEngine, engine }),
  )
  throwIfAborted(signal)
  return { built: image.built, shipped }
}
