import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { finished } from 'node:stream/promises'
import { CommandError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { tail } from '../text/last-lines.ts'
import { give, type Given } from './give.ts'
import { readPiece } from './give-script.ts'
import type { Piece } from './piece.ts'
import { receive, type Received } from './receive.ts'
import { checkRoom } from './room.ts'
import { lookAtEngines } from './ship.ts'
import { addressesOf, knownSource, shipKey } from './ship-key.ts'

export interface CopyOptions {
  readonly service: string
  readonly hostEngine: EngineName
  readonly from: FleetHost
  readonly to: FleetHost
  /** The image's id on `from`. */
  readonly image: string
}

/**
 * Brings an image from one host to another, as a ship does from host to host; by way of a file here where the one does
 * not reach the other. Gives the id by which `to` knows it.
 */
export async function copyImage(ctx: RolloutContext, options: CopyOptions): Promise<string> {
  const { service, hostEngine, from, to, image } = options
  const state = (await lookAtEngines(ctx, [to], service, hostEngine)).get(to.name)
  if (state?.images.has(image) === true) return image
  const key = await shipKey()
  const opening = {
    publicKey: key.public,
    from: await addressesOf([to]),
    run: randomBytes(6).toString('hex'),
  }
  const giving = give(ctx, from, { service, engine: hostEngine, image, opening })
  try {
    const given = await giving.given
    const { digest, bytes, unpacked, tag } = given
    const have = Math.min(bytes, state?.spooled.get(digest)?.bytes ?? 0)
    if (state !== undefined) checkRoom(state, tag, { spool: bytes - have, unpacked }, to)
    const order = { service, engine: hostEngine, tag, pieces: [{ digest, bytes, have }] }
    const known = given.gives ? knownSource(from) : undefined
    const quiet = { onHeld: () => undefined, onGone: () => undefined }
    const fetched =
      known === undefined
        ? undefined
        : await receive(ctx, to, {
            ...quiet,
            order: { ...order, source: { address: from.target.address, port: from.target.port } },
            pieces: [{ digest, bytes, unpacked, file: '' }],
            login: { key, known },
          }).received
    if (fetched?.end === 'loaded') return fetched.id
    if (fetched?.end === 'refused') throw refused(to, hostEngine, fetched.reason)
    const why = fetched?.end === 'unreached' ? ` (${fetched.reason})` : ''
    ctx.note(`cannot fetch from ${from.name}${why}: sent by way of this machine instead`, to)
    const received = await byWayOfHere(ctx, options, given, piece =>
      receive(ctx, to, {
        ...quiet,
        order: { ...order, pieces: [{ digest, bytes, have: 0 }] },
        pieces: [piece],
      }),
    )
    if (received.end === 'loaded') return received.id
    throw refused(to, hostEngine, received.end === 'refused' ? received.reason : 'it arrived damaged')
  } finally {
    await giving.release()
  }
}

const refused = (host: FleetHost, engine: EngineName, reason: string): CommandError =>
  new CommandError(`${engine} load failed${tail(reason, { width: 300 })}`, { host: host.name })

async function byWayOfHere(
  ctx: RolloutContext,
  { service, from }: CopyOptions,
  { digest, bytes, unpacked }: Given,
  send: (piece: Piece) => { readonly received: Promise<Received> },
): Promise<Received> {
  await mkdir(ctx.paths.cache, { recursive: true })
  const folder = await mkdtemp(join(ctx.paths.cache, 'copy-'))
  try {
    const file = join(folder, 'piece')
    const source = await ctx.on(from).transport()
    const out = createWriteStream(file)
    const written = finished(out)
    written.catch(() => undefined)
    const read = await source.exec(readPiece(service, digest).text, {
      root: true,
      discardStdout: true,
      signal: ctx.signal,
      // A disk that is full, or slower than the network, holds the host back or fails the command.
      onStdout: chunk => (out.write(chunk) ? undefined : once(out, 'drain')),
    })
    out.end()
    await written
    if (read.exitCode !== 0) {
      throw new CommandError(`cannot read the image${tail(read.stderr.toString('utf8'))}`, {
        host: from.name,
      })
    }
    return await send({ digest, bytes, unpacked, file }).received
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
