import { createReadStream } from 'node:fs'
import { CommandError, ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { tail } from '../text/last-lines.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import { sshLine } from '../transport/endpoint.ts'
import { imageId } from '../container/host-engine.ts'
import { RECEIVED, receiveScript, type ReceiveOrder } from './receive-script.ts'
import type { ShipKey } from './ship-key.ts'
import type { Piece } from './piece.ts'

/** How an attempt to bring an image to a host ended. */
export type Received =
  | { readonly end: 'loaded'; readonly id: string; readonly layers: readonly string[] }
  /** The source stopped; the host has as much of each piece. */
  | { readonly end: 'cut'; readonly have: ReadonlyMap<string, number> }
  | { readonly end: 'unreached'; readonly reason: string }
  | { readonly end: 'damaged' }
  | { readonly end: 'refused'; readonly reason: string }

export interface Receiving {
  readonly received: Promise<Received>
  /** Lets the host stop giving its pieces on; resolves when it has taken its key away and is gone. */
  release(): Promise<void>
}

export interface ReceiveOptions {
  readonly order: ReceiveOrder
  readonly pieces: readonly Piece[]
  /** What a host needs to fetch from another: the key, and what it knows of its source. */
  readonly login?: { readonly key: ShipKey; readonly known: string }
  /** Told when the host has all pieces; `gives` when others can fetch them there. */
  readonly onHeld: (gives: boolean) => void
  /** Told when a host that gave its pieces on has ended by itself. */
  readonly onGone: () => void
}

/** Bytes read from a file at once. */
const PART = 256 * 1024

/** Brings pieces to one host, from here or from another host, in one execution. Throws what no other way would mend. */
export function receive(ctx: RolloutContext, host: FleetHost, options: ReceiveOptions): Receiving {
  const { order, pieces, login, onHeld, onGone } = options
  const leave = new AbortController()
  const total = pieces.reduce((sum, { bytes }) => sum + bytes, 0)
  const have = new Map<string, number>()
  const splitter = new LineSplitter()
  let loaded: Received | undefined
  let gotIt: (received: Received) => void = () => undefined
  const image = new Promise<Received>(resolve => (gotIt = resolve))
  const hear = (line: string) => {
    const [mark, word, first = '', second = ''] = line.split(' ')
    if (mark !== 'fleet:') return
    if (word === 'at') tell(ctx, host, Number(first), total)
    else if (word === 'have') have.set(first, Number(second))
    else if (word === 'held') onHeld(first === '1')
    else if (word === 'image') gotIt((loaded = { end: 'loaded', ...parseImage(first, second) }))
  }
  const running = (async () => {
    const transport = await ctx.on(host).transport()
    return transport.exec(receiveScript(order).text, {
      root: true,
      stdin: input(options, leave.signal),
      signal: ctx.signal,
      discardStdout: true,
      onStdout: chunk => {
        for (const line of splitter.push(chunk)) hear(line)
      },
    })
  })()
  const ended = running.then(({ exitCode, stderr }): Received => {
    const said = stderr.toString('utf8')
    if (loaded !== undefined) return loaded
    if (exitCode === RECEIVED.cut && login !== undefined) return { end: 'cut', have }
    if (exitCode === RECEIVED.unreached) return { end: 'unreached', reason: said.trim() }
    if (exitCode === RECEIVED.damaged) return { end: 'damaged' }
    if (exitCode === RECEIVED.refused) return { end: 'refused', reason: said }
    throw failed(host, order.tag, exitCode, said)
  })
  const over = () => {
    leave.abort()
    onGone()
  }
  void ended.then(over, over)
  return {
    received: Promise.race([image, ended]),
    release: async () => {
      leave.abort()
      await ended.catch(() => undefined)
    },
  }
}

function failed(host: FleetHost, tag: string, exitCode: number, said: string): Error {
  const details = { host: host.name }
  if (exitCode !== RECEIVED.full) {
    return new CommandError(
      `${tag} did not arrive (exit code ${exitCode})${tail(said, { width: 300 })}`,
      details,
    )
  }
  return new ConfigError(`the disk is full: ${tag} did not arrive${tail(said, { width: 300 })}`, {
    ...details,
    hint: sshLine(host.target, 'df -h /var/lib'),
  })
}

function parseImage(id: string, layers: string): { id: string; layers: readonly string[] } {
  return { id: imageId(id), layers: layers.match(/sha256:[0-9a-f]{64}/g) ?? [] }
}

const tell = ({ emit }: RolloutContext, { name }: FleetHost, done: number, total: number): void =>
  emit({ type: 'progress', id: `ship ${name}`, text: `image to ${name}`, done, total })

/** What the script reads: how to fetch, or the bytes themselves; then nothing, until it may go. */
async function* input(options: ReceiveOptions, leave: AbortSignal): AsyncGenerator<Uint8Array> {
  const { order, pieces, login } = options
  if (login !== undefined) {
    for (const text of [login.key.private.reveal(), login.known]) {
      yield Buffer.from(`${Buffer.from(text).toString('base64')}\n`)
    }
  } else {
    for (const { have, digest } of order.pieces) {
      const piece = pieces.find(each => each.digest === digest)
      if (piece === undefined || have >= piece.bytes) continue
      for await (const chunk of createReadStream(piece.file, { start: have, highWaterMark: PART })) {
        if (chunk instanceof Uint8Array) yield chunk
      }
    }
  }
  if (order.opening === undefined && login === undefined) return
  if (!leave.aborted) await new Promise(resolve => leave.addEventListener('abort', resolve, { once: true }))
}
