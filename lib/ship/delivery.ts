import { randomBytes } from 'node:crypto'
import { CommandError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { tail } from '../text/last-lines.ts'
import type { HostEngine } from '../container/host-engine.ts'
import type { ImagePieces } from './image-pieces.ts'
import type { Image } from '../container/image.ts'
import { prefixDigest, type Piece } from './piece.ts'
import { receive, type Received, type Receiving } from './receive.ts'
import { checkRoom } from './room.ts'
import { addressesOf, knownSource, shipKey, type ShipKey } from './ship-key.ts'
import { Spread, type Turn } from './spread.ts'

/** What shipping to one host took. */
export interface Shipped {
  /** Bytes that the host got, from wherever. */
  readonly bytes: number
  /** Layers sent, of all layers of the image. */
  readonly layers: number
  /** The engine refused the image without the layers it has, and got all of it. */
  readonly whole: boolean
  /** By what the host's engine knows the image. */
  readonly id: string
  /** The host that it came from; undefined for this machine. */
  readonly from?: string
}

export interface Receiver {
  readonly host: FleetHost
  readonly state: HostEngine
  /** How many of the lowest layers it has. */
  readonly shared: number
}

export interface DeliveryOptions {
  readonly service: string
  readonly image: Image
  readonly pieces: ImagePieces
  readonly hostEngine: EngineName
}

/** Attempts after which a host has got damaged bytes often enough. */
const ATTEMPTS = 3

/** One image on its way to some hosts. */
export class Delivery {
  readonly #ctx: RolloutContext
  readonly #options: DeliveryOptions
  readonly #run = randomBytes(6).toString('hex')
  readonly #open: Receiving[] = []
  #spread: Spread
  #hosts: readonly FleetHost[] = []
  #key: ShipKey | undefined
  #addresses: readonly string[] = []

  constructor(ctx: RolloutContext, options: DeliveryOptions) {
    this.#ctx = ctx
    this.#options = options
    this.#spread = new Spread([], ctx.signal)
  }

  /** Delivers to all of them, the first from here. Hosts that give pieces on let go of them before it returns or throws. */
  async deliver(receivers: readonly Receiver[]): Promise<Map<string, Shipped>> {
    const ctx = this.#ctx
    this.#hosts = receivers.map(({ host }) => host)
    const byName = new Map(receivers.map(receiver => [receiver.host.name, receiver]))
    const of = ({ name }: FleetHost): Receiver => {
      const found = byName.get(name)
      if (found === undefined) throw new Error(`${name} is not delivered to`)
      return found
    }
    const plans = await ctx.each(this.#hosts, async host => {
      const receiver = of(host)
      const pieces = await this.#options.pieces.without(receiver.shared)
      const have = await spooled(pieces, receiver.state)
      const missing = sizeOf(pieces) - [...have.values()].reduce((sum, bytes) => sum + bytes, 0)
      const unpacked = pieces.reduce((sum, piece) => sum + piece.unpacked, 0)
      checkRoom(receiver.state, this.#options.image.tag, { spool: missing, unpacked }, host)
      return { pieces, have }
    })
    if (receivers.length > 1) {
      this.#key = await shipKey()
      this.#addresses = await addressesOf(this.#hosts)
    }
    this.#spread = new Spread(
      this.#hosts.map(({ name }) => name),
      ctx.signal,
    )
    try {
      const sent = await ctx.each(this.#hosts, async host => {
        const plan = plans.get(host.name)
        const receiver = of(host)
        try {
          return await this.#bring(receiver, plan?.pieces ?? [], plan?.have ?? new Map())
        } catch (error) {
          this.#spread.gone(host.name)
          throw error
        }
      })
      return new Map(sent)
    } finally {
      await Promise.all(this.#open.map(receiving => receiving.release()))
    }
  }

  /** Brings it from wherever it can be had, until the engine has loaded it. */
  async #bring(
    receiver: Receiver,
    first: readonly Piece[],
    spool: ReadonlyMap<string, number>,
  ): Promise<Shipped> {
    const { host, shared } = receiver
    const { image, hostEngine } = this.#options
    let pieces = first
    let have = spool
    let whole = false
    let bytes = 0
    let damaged = 0
    for (;;) {
      const turn = await this.#spread.next(host.name, sizeOf(pieces))
      const { from } = turn
      const before = new Map(have)
      const received = await this.#receive(host, pieces, have, turn)
      if (received.end === 'unreached') {
        this.#ctx.note(`cannot fetch from ${from} (${received.reason}): sent from here instead`, host)
        continue
      }
      if (received.end === 'cut') {
        this.#ctx.note(`${from} stopped giving ${image.tag} on: looking for another way`, host)
        have = received.have.size > 0 ? received.have : have
        bytes += sumOf(have) - sumOf(before)
        continue
      }
      bytes += sizeOf(pieces) - sumOf(have)
      have = new Map()
      if (received.end === 'damaged') {
        damaged += 1
        if (damaged < ATTEMPTS) continue
        throw new CommandError(`${image.tag} arrived damaged ${damaged} times`, { host: host.name })
      }
      if (received.end === 'refused') {
        if (whole || shared === 0) {
          throw new CommandError(`${hostEngine} load failed${tail(received.reason, { width: 300 })}`, {
            host: host.name,
          })
        }
        this.#ctx.note('the engine wants the whole image', host)
        whole = true
        pieces = await this.#options.pieces.without(0)
        continue
      }
      this.#check(host, received)
      const layers = image.layers.length - (whole ? 0 : shared)
      return { bytes, layers, whole, id: received.id, ...(from === undefined ? {} : { from }) }
    }
  }

  async #receive(
    host: FleetHost,
    pieces: readonly Piece[],
    have: ReadonlyMap<string, number>,
    { from, gives }: Turn,
  ): Promise<Received> {
    const { service, image, hostEngine } = this.#options
    const spread = this.#spread
    const amount = sizeOf(pieces)
    const source = this.#hosts.find(({ name }) => name === from)
    const known = source === undefined ? undefined : knownSource(source)
    if (source !== undefined && (known === undefined || this.#key === undefined)) {
      spread.fetched(host.name, source.name, 'unreached')
      spread.gone(host.name)
      return { end: 'unreached', reason: 'its host key is not pinned' }
    }
    const receiving = receive(this.#ctx, host, {
      pieces,
      order: {
        service,
        engine: hostEngine,
        tag: image.tag,
        pieces: pieces.map(({ digest, bytes }) => ({ digest, bytes, have: have.get(digest) ?? 0 })),
        ...(source === undefined
          ? {}
          : { source: { address: source.target.address, port: source.target.port } }),
        ...(gives && this.#key !== undefined
          ? { opening: { publicKey: this.#key.public, from: this.#addresses, run: this.#run } }
          : {}),
      },
      ...(known === undefined || this.#key === undefined ? {} : { login: { key: this.#key, known } }),
      onHeld: open => {
        if (source !== undefined) spread.fetched(host.name, source.name, 'done')
        spread.held(host.name, amount, open)
      },
      onGone: () => spread.gone(host.name),
    })
    this.#open.push(receiving)
    const received = await receiving.received
    if (source !== undefined && (received.end === 'cut' || received.end === 'unreached')) {
      spread.fetched(host.name, source.name, received.end)
    }
    return received
  }

  /** The bytes were right; now what the engine made of them. */
  #check(host: FleetHost, received: Extract<Received, { end: 'loaded' }>): void {
    const { image, pieces } = this.#options
    // Another kind of store has other ids: the same layers under our tag are the same image.
    if (received.id === pieces.saved.id || received.layers.join() === image.layers.join()) return
    throw new CommandError(`${image.tag} is ${received.id} there, not ${pieces.saved.id}`, {
      host: host.name,
    })
  }
}

const sizeOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { bytes }) => sum + bytes, 0)

const sumOf = (have: ReadonlyMap<string, number>): number =>
  [...have.values()].reduce((sum, bytes) => sum + bytes, 0)

/** How much of each piece a ship that was cut off left on a host: only what is a beginning of it. */
async function spooled(pieces: readonly Piece[], state: HostEngine): Promise<ReadonlyMap<string, number>> {
  const have = new Map<string, number>()
  for (const { digest, bytes, file } of pieces) {
    const left = state.spooled.get(digest)
    if (left === undefined || left.bytes > bytes) continue
    if ((await prefixDigest(file, left.bytes)) === left.sha256) have.set(digest, left.bytes)
  }
  return have
}
