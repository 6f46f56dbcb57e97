import { createHash } from 'node:crypto'
import type { EventSink } from '../events/event.ts'
import { timeOf } from '../release/release-tar.ts'
import type { Release } from '../release/release-model.ts'
import type { ImageRecipe } from '../fleet/container-model.ts'
import type { Engine } from './engine.ts'
import { fixImage } from './fixed-config.ts'
import { buildContext, recipeDockerfile } from './recipe.ts'

/** An image on the operator's engine. */
export interface Image {
  /** `fleetfile/<service>:<release id>`, followed by a hash of the build arguments where there are any. */
  readonly tag: string
  /** `sha256:...` of its configuration. */
  readonly id: string
  /** `linux/amd64`. */
  readonly platform: string
  /** The digests of its unpacked layers, from the lowest. */
  readonly layers: readonly string[]
  readonly built: boolean
}

export interface BuildOptions {
  readonly service: string
  readonly release: Release
  readonly buildArgs?: Readonly<Record<string, string>>
  /** How it is made where the release holds no Dockerfile. */
  readonly recipe?: ImageRecipe
  readonly engine: Engine
  readonly signal: AbortSignal
  readonly emit: EventSink
}

/** The host's name that local work has in events. */
export const HERE = 'this machine'

/**
 * The image of a release, built from its archive unless the engine has it. The context goes to the engine on stdin,
 * with fixed times and owners, so that a step whose files are the same comes from the cache: the next release
 * shares its layers. Steps that make the same files with the same times on two engines make the same image there: what
 * is copied over folders that are there does, what a RUN writes has the time at which it ran.
 */
export async function buildImage(options: BuildOptions): Promise<Image> {
  const { service, release, engine, signal, emit, buildArgs = {}, recipe } = options
  const tag = imageTag(options)
  const known = await inspectImage(engine, tag, signal)
  if (known !== undefined) return { ...known, built: false }
  const context = await buildContext(release, recipe, service)
  const started = performance.now()
  const step = `build ${tag}`
  emit({ type: 'step-started', host: HERE, step })
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  const labels = ['--label', `fleetfile.service=${service}`, '--label', `fleetfile.release=${release.id}`]
  let exitCode = 1
  try {
    await engine.run(['build', '--force-rm', '--tag', tag, ...labels, ...args, '-'], {
      signal,
      stdin: context,
      // BuildKit's word for a fixed time (reproducible-builds.org); the classic builder knows none.
      env: { SOURCE_DATE_EPOCH: String(timeOf(release.id).getTime() / 1000) },
      onLine: text => emit({ type: 'step-output', host: HERE, step, text }),
    })
    exitCode = 0
  } finally {
    const milliseconds = Math.round(performance.now() - started)
    emit({ type: 'step-ended', host: HERE, step, exitCode, milliseconds })
  }
  await fixImage(engine, tag, timeOf(release.id), signal)
  const image = await inspectImage(engine, tag, signal)
  if (image === undefined) throw new Error(`docker build made no ${tag}`)
  return { ...image, built: true }
}

/** The tag under which a release's image is known, here and on the hosts. */
export function imageTag({
  service,
  release,
  buildArgs = {},
  recipe,
}: Pick<BuildOptions, 'service' | 'release' | 'buildArgs' | 'recipe'>): string {
  const sorted = Object.entries(buildArgs).sort(([a], [b]) => (a < b ? -1 : 1))
  if (sorted.length === 0 && recipe === undefined) return `fleetfile/${service}:${release.id}`
  const made = recipe === undefined ? sorted : [sorted, recipeDockerfile(recipe)]
  const variant = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 6)
  return `fleetfile/${service}:${release.id}-${variant}`
}

async function inspectImage(engine: Engine, tag: string, signal: AbortSignal) {
  // `image ls` answers an unknown tag with nothing, where `inspect` fails like a broken engine does.
  const id = (await engine.run(['image', 'ls', '--no-trunc', '--quiet', tag], { signal })).trim()
  if (id === '') return undefined
  const format = '{{.Id}}\t{{.Os}}/{{.Architecture}}\t{{json .RootFS.Layers}}'
  const line = (await engine.run(['image', 'inspect', '--format', format, tag], { signal })).trim()
  const [imageId = '', platform = '', layers = ''] = line.split('\t')
  return { tag, id: imageId, platform, layers: layers.match(/sha256:[0-9a-f]{64}/g) ?? [] }
}
