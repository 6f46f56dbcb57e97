import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { addEntry, carrier } from '../release/release-tar.ts'
import type { PieceName } from './spool.ts'

/** A piece in a file here, and the room that it takes when it is unpacked. */
export interface Piece extends PieceName {
  readonly file: string
  readonly unpacked: number
}

/** Nothing in it depends on who saved the image, or when: the same layer makes the same piece again. */
const FIXED = { type: 'file', mode: 0o644, mtime: new Date(0) } as const

/** A file to be. */
interface PieceEntry {
  readonly name: string
  readonly size: number
}

/** A piece that is being written: gzip over a tar's files. Memory stays flat, however large an entry is. */
export class PieceWriter {
  readonly #file: string
  readonly #tar = pack()
  readonly #hash = createHash('sha256')
  readonly #written: Promise<void>
  #bytes = 0
  #unpacked = 0

  constructor(file: string, signal: AbortSignal) {
    this.#file = file
    const hashed = this.#hashed.bind(this)
    // Level 1: as fast as most uplinks, and two thirds smaller already.
    const zip = createGzip({ level: constants.Z_BEST_SPEED })
    const target = createWriteStream(file, { mode: 0o600 })
    this.#written = pipeline(this.#tar.pipe(carrier(this.#tar)), zip, hashed, target, { signal })
    this.#written.catch((error: unknown) =>
      this.#tar.destroy(error instanceof Error ? error : new Error(String(error))),
    )
  }

  async *#hashed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.#hash.update(chunk)
      this.#bytes += chunk.length
      yield chunk
    }
  }

  async add(entry: PieceEntry, content: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
    this.#unpacked += entry.size
    await addEntry(this.#tar, { ...FIXED, ...entry }, content)
  }

  /** Only the last of an image's pieces ends the archive. */
  async end(isLast: boolean): Promise<Piece> {
    if (isLast) this.#tar.finalize()
    else this.#tar.push(null)
    await this.#written
    return {
      digest: this.#hash.digest('hex'),
      bytes: this.#bytes,
      file: this.#file,
      unpacked: this.#unpacked,
    }
  }
}

/** SHA-256 of the first bytes of a file, in hexadecimal. */
export async function prefixDigest(file: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  if (bytes > 0) await pipeline(createReadStream(file, { end: bytes - 1 }), hash)
  return hash.digest('hex')
}
