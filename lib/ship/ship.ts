import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { recordCommand } from '../runs/ran.ts'
import { sh } from '../shell/sh.ts'
import { Delivery, type Shipped } from './delivery.ts'
import type { Engine } from '../container/engine.ts'
import { hostEngineCommand, knownAs, parseHostEngine, type HostEngine } from '../container/host-engine.ts'
import { ImagePieces } from './image-pieces.ts'
import type { Image } from '../container/image.ts'
import { sharedLayers } from './layers.ts'

export type { Shipped } from './delivery.ts'

export interface ShipOptions {
  readonly service: string
  readonly image: Image
  readonly hosts: readonly FleetHost[]
  /** What runs containers on the hosts. */
  readonly hostEngine: EngineName
  /** Where the image is now. */
  readonly engine: Engine
}

/**
 * Brings an image to the hosts: its missing layers go out from here once, to the host that lacks the most, and then from
 * host to host. A host that has the image costs one execution. Cut off anywhere, the next ship goes on from what each
 * host has.
 */
export async function shipImage(
  ctx: RolloutContext,
  { service, image, hosts, hostEngine, engine }: ShipOptions,
): Promise<ReadonlyMap<string, Shipped>> {
  const states = await lookAtEngines(ctx, hosts, service, hostEngine)
  for (const host of hosts) checkPlatform(states.get(host.name), image, host)
  const lacks = (host: FleetHost, id: string): boolean => {
    const state = states.get(host.name)
    return state !== undefined && knownAs(state, { ...image, id }) === undefined
  }
  const lacking = hosts.filter(host => lacks(host, image.id))
  if (ctx.planOnly) {
    for (const host of lacking) ctx.note(`would get ${image.tag}`, host)
    return new Map()
  }
  const sent = lacking.length === 0 ? new Map<string, Shipped>() : await send()
  await ctx.each(hosts, async host => {
    const state = states.get(host.name)
    const id = state === undefined ? undefined : knownAs(state, image)
    if (sent.has(host.name) || state === undefined || id === undefined) return
    if (state.tags.get(image.tag) !== id) {
      await ctx.on(host).run(sh`${hostEngine} tag ${id} ${image.tag}`, { root: true })
    }
    sent.set(host.name, { bytes: 0, layers: 0, whole: false, id })
  })
  return sent

  async function send(): Promise<Map<string, Shipped>> {
    const { record } = ctx
    // It may take long, and is the first thing that changes a host.
    if (record !== undefined) {
      await ctx.each(lacking, host => ctx.on(host).run(recordCommand(record), { root: true }))
    }
    await mkdir(ctx.paths.cache, { recursive: true })
    const folder = await mkdtemp(join(ctx.paths.cache, 'ship-'))
    try {
      const pieces = await ImagePieces.save(image, engine, folder, ctx.signal)
      const delivery = new Delivery(ctx, { service, image, pieces, hostEngine })
      const order = lacking.map(host => {
        const state = states.get(host.name)
        const shared = state === undefined ? 0 : sharedLayers(image.layers, state)
        return { host, state, shared }
      })
      order.sort((a, b) => a.shared - b.shared || spooledBytes(b.state) - spooledBytes(a.state))
      return await delivery.deliver(
        order.flatMap(({ state, ...each }) => (state === undefined ? [] : [{ ...each, state }])),
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** What the engines of some hosts hold: one execution each. */
export const lookAtEngines = (
  ctx: RolloutContext,
  hosts: readonly FleetHost[],
  service: string,
  engine: EngineName,
): Promise<ReadonlyMap<string, HostEngine>> =>
  ctx.each(hosts, async host => {
    const { stdout } = await ctx.on(host).read(hostEngineCommand(engine, service), { root: true })
    return parseHostEngine(stdout.toString('utf8'), host.name, engine)
  })

const spooledBytes = (state: HostEngine | undefined): number =>
  [...(state?.spooled.values() ?? [])].reduce((sum, { bytes }) => sum + bytes, 0)

function checkPlatform(state: HostEngine | undefined, image: Image, host: FleetHost): void {
  if (state === undefined || state.platform === image.platform) return
  throw new ConfigError(`${image.tag} is for ${image.platform}, the host is ${state.platform}`, {
    host: host.name,
    hint: `build on a machine with ${state.platform}, or with DOCKER_DEFAULT_PLATFORM=${state.platform}`,
  })
}
