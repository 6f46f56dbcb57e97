import { once } from 'node:events'
import { createGunzip, type Gunzip } from 'node:zlib'
import { CommandError, FleetError, messageOf } from '../errors.ts'
import { FrameDecoder, type FrameHandler } from './frames.ts'
import type { HostRequest } from './inspect.ts'
import type { Mirror, MirrorWriter } from './mirror.ts'
import { ELEVATED, fetchScript, MARKER, type Wanted } from './script.ts'

/** Bytes from which compressing pays: a log shrinks to a fifth, gzip -1 is faster than most uplinks. */
const COMPRESS = 16 * 1024
const GREETING_LIMIT = 64 * 1024

/** Passes on what follows the marker; what a login shell says before it is dropped. */
function afterMarker(pass: (bytes: Uint8Array) => void): (bytes: Uint8Array) => void {
  let held: Buffer | undefined = Buffer.alloc(0)
  return bytes => {
    if (held === undefined) return pass(bytes)
    held = Buffer.concat([held, bytes])
    const at = held.indexOf(MARKER)
    if (at === -1) {
      if (held.length > GREETING_LIMIT) throw new Error('malformed answer: no beginning')
      return undefined
    }
    const rest = held.subarray(at + MARKER.length)
    held = undefined
    return rest.length > 0 ? pass(rest) : undefined
  }
}

/** Writes the parts that come into the mirror. `ended` maps a sequence to the hash that the host saw at its end. */
class Parts implements FrameHandler {
  readonly ended = new Map<number, string>()
  readonly #mirror: Mirror
  readonly #wanted: ReadonlyMap<number, Wanted>
  #writer: MirrorWriter | undefined

  constructor(mirror: Mirror, wanted: readonly Wanted[]) {
    this.#mirror = mirror
    this.#wanted = new Map(wanted.map(each => [each.sequence, each]))
  }

  range(sequence: number, offset: number, length: number): void {
    const asked = this.#wanted.get(sequence)
    if (asked === undefined || asked.from.offset !== offset || asked.end - offset !== length)
      throw new Error('malformed answer: a part that was not asked for')
    this.#writer = this.#mirror.writer(sequence, offset)
  }

  data(bytes: Uint8Array): void {
    this.#writer?.write(bytes)
  }

  end(sequence: number, anchor: string): void {
    this.close()
    this.ended.set(sequence, anchor)
  }

  close(): void {
    this.#writer?.close()
    this.#writer = undefined
  }
}

export interface Received {
  /** Hash of the last 256 bytes before the end, by sequence, of every part that came whole. */
  readonly ended: ReadonlyMap<number, string>
  /** Why there are not more of them. */
  readonly error: unknown
}

/** Fetches the wanted bytes of one host into its mirror, in one execution. Never rejects: what came whole is kept. */
export async function receive(
  { transport, directory, user, signal, alive }: HostRequest,
  mirror: Mirror,
  wanted: readonly Wanted[],
): Promise<Received> {
  const compress = wanted.reduce((sum, { from, end }) => sum + end - from.offset, 0) >= COMPRESS
  const parts = new Parts(mirror, wanted)
  const decoder = new FrameDecoder(parts)
  let failure: unknown
  const guarded = (take: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => {
    if (failure !== undefined) return
    try {
      take(bytes)
    } catch (error) {
      failure = error
    }
  }
  const gunzip: Gunzip | undefined = compress ? createGunzip({ chunkSize: 256 * 1024 }) : undefined
  gunzip?.on(
    'data',
    guarded(bytes => decoder.feed(bytes)),
  )
  gunzip?.on('error', error => (failure ??= error))
  const take = guarded(
    afterMarker(bytes => (gunzip === undefined ? decoder.feed(bytes) : void gunzip.write(bytes))),
  )
  try {
    const result = await transport.exec(ELEVATED.text, {
      stdin: fetchScript(directory, user, wanted, compress),
      signal,
      discardStdout: true,
      onStdout: bytes => {
        alive()
        take(bytes)
      },
    })
    if (gunzip !== undefined && failure === undefined) {
      gunzip.end()
      await once(gunzip, 'close')
    }
    if (failure === undefined && !decoder.done)
      failure = new Error(`it broke off, exit code ${result.exitCode}`)
  } catch (error) {
    failure ??= error
  } finally {
    gunzip?.destroy()
    parts.close()
  }
  if (failure === undefined || failure instanceof FleetError) return { ended: parts.ended, error: failure }
  return {
    ended: parts.ended,
    error: new CommandError(`fetching the log files failed: ${messageOf(failure)}`, {
      host: transport.host,
      cause: failure,
    }),
  }
}
