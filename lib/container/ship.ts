import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import prettyBytes from 'pretty-bytes'
import { CommandError, ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { sh } from '../shell/sh.ts'
import { sshLine } from '../transport/endpoint.ts'
import type { Engine } from './engine.ts'
import { HOST_ENGINE, parseHostEngine, type HostEngine } from './host-engine.ts'
import type { Image } from './image.ts'
import { sharedLayers } from './layers.ts'
import { droppable, readSavedImage, sizeWithout, writeWithout, type SavedImage } from './saved-image.ts'
import { tail } from '../text/last-lines.ts'

/** What shipping to one host took. */
export interface Shipped {
  readonly bytes: number
  /** Layers sent, of all layers of the image. */
  readonly layers: number
  /** The engine refused the image without the layers it has, and got all of it. */
  readonly whole: boolean
}

/** Room for unpacking that is never to be eaten up by an image. */
const SPARE = 64 * 1024 ** 2

/**
 * Brings an image to the hosts, side by side, sending each only the layers that it lacks. The image is saved once;
 * hosts that lack the same layers are sent the same file. A host that has the image costs one execution.
 */
export async function shipImage(
  ctx: RolloutContext,
  image: Image,
  hosts: readonly FleetHost[],
  engine: Engine,
): Promise<ReadonlyMap<string, Shipped>> {
  const states = await ctx.each(hosts, async host => {
    const { stdout } = await ctx.on(host).read(HOST_ENGINE, { root: true })
    return checked(parseHostEngine(stdout.toString('utf8'), host.name), image, host)
  })
  const lacking = hosts.filter(({ name }) => states.get(name)?.images.has(image.id) !== true)
  if (ctx.planOnly) {
    for (const host of lacking) ctx.note(`would get ${image.tag}`, host)
    return new Map()
  }
  const folder = lacking.length === 0 ? undefined : await temporary(ctx.paths.cache)
  try {
    const files = folder === undefined ? undefined : await ImageFiles.save(image, engine, folder, ctx.signal)
    return await ctx.each(hosts, async host => {
      const state = states.get(host.name)
      if (files === undefined || state === undefined || state.images.has(image.id)) {
        if (state?.tags.get(image.tag) !== image.id) {
          await ctx.on(host).run(sh`docker tag ${image.id} ${image.tag}`, { root: true })
        }
        return { bytes: 0, layers: 0, whole: false }
      }
      return send(ctx, image, host, state, files)
    })
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

function checked(state: HostEngine, image: Image, host: FleetHost): HostEngine {
  if (state.platform === image.platform) return state
  throw new ConfigError(`${image.tag} is for ${image.platform}, the host is ${state.platform}`, {
    host: host.name,
    hint: `build on a machine with ${state.platform}, or with DOCKER_DEFAULT_PLATFORM=${state.platform}`,
  })
}

async function temporary(cache: string): Promise<string> {
  await mkdir(cache, { recursive: true })
  return mkdtemp(join(cache, 'ship-'))
}

/** The saved image, and the files made from it for hosts that have some of its layers. */
class ImageFiles {
  readonly #files = new Map<number, Promise<{ file: string; bytes: number }>>()
  readonly saved: SavedImage
  readonly #folder: string
  readonly #signal: AbortSignal

  private constructor(saved: SavedImage, folder: string, signal: AbortSignal) {
    this.saved = saved
    this.#folder = folder
    this.#signal = signal
  }

  static async save(image: Image, engine: Engine, folder: string, signal: AbortSignal): Promise<ImageFiles> {
    const file = join(folder, 'image.tar')
    await engine.save(['save', image.tag], file, { signal })
    return new ImageFiles(await readSavedImage(file), folder, signal)
  }

  without(shared: number): Promise<{ file: string; bytes: number }> {
    const made = this.#files.get(shared)
    if (made !== undefined) return made
    const file = join(this.#folder, `without-${shared}`)
    const making = writeWithout(this.saved, droppable(this.saved, shared), file, this.#signal).then(
      bytes => ({ file, bytes }),
    )
    this.#files.set(shared, making)
    return making
  }
}

async function send(
  ctx: RolloutContext,
  image: Image,
  host: FleetHost,
  state: HostEngine,
  files: ImageFiles,
): Promise<Shipped> {
  const shared = sharedLayers(image.layers, state.chains)
  // `docker load` unpacks the file beside the layers that it makes of it.
  const needed = 2 * sizeWithout(files.saved, droppable(files.saved, shared)) + SPARE
  if (needed > state.free) {
    throw new ConfigError(
      `${image.tag} needs ${prettyBytes(needed)} of disk, ${prettyBytes(state.free)} are free`,
      { host: host.name, hint: sshLine(host.target, 'docker image prune --force') },
    )
  }
  const refused = await load(ctx, image, host, await files.without(shared))
  const { bytes } = await files.without(shared)
  if (refused === undefined) return { bytes, layers: image.layers.length - shared, whole: false }
  if (shared > 0) {
    ctx.note('the engine wants the whole image', host)
    const again = await load(ctx, image, host, await files.without(0))
    if (again === undefined) {
      return { bytes: bytes + (await files.without(0)).bytes, layers: image.layers.length, whole: true }
    }
  }
  throw new CommandError(`docker load failed${tail(refused, { width: 300 })}`, { host: host.name })
}

/** Undefined when the host has the image now, else what its engine said. */
async function load(
  ctx: RolloutContext,
  image: Image,
  host: FleetHost,
  { file, bytes }: { readonly file: string; readonly bytes: number },
): Promise<string | undefined> {
  const transport = await ctx.on(host).transport()
  const tag = sh`${image.tag}`.text
  const script = `docker load --quiet && test "$(docker image inspect --format '{{.Id}}' ${tag})" = ${image.id}`
  const text = `image to ${host.name}: bytes`
  const report = (done: number) =>
    ctx.emit({ type: 'progress', id: `ship ${host.name}`, text, done, total: bytes })
  const result = await transport.exec(script, {
    root: true,
    stdin: counted(file, report),
    signal: ctx.signal,
  })
  return result.exitCode === 0 ? undefined : result.stderr.toString('utf8') || result.stdout.toString('utf8')
}

async function* counted(file: string, report: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0
  let told = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    if (!(chunk instanceof Uint8Array)) continue
    yield chunk
    done += chunk.length
    if (done - told >= 1024 ** 2) report((told = done))
  }
  report(done)
}
