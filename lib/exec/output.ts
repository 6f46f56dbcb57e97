import { createHash } from 'node:crypto'

/** Bytes of a host's output that are kept; with `--no-fold` all of it is shown as it comes. */
export const KEPT = 1 << 20

/** What a command said on one host. */
export interface Said {
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** Bytes that were not kept. */
  readonly cut: number
  /** Of everything, the part that was not kept too: equal only where two hosts said the same. */
  readonly digest: string
}

/** Takes the output of one host as it comes, and keeps the first part of it. */
export class Output {
  readonly #parts = { stdout: new Part(), stderr: new Part() }
  #room: number
  #cut = 0

  constructor(room = KEPT) {
    this.#room = room
  }

  push(stream: 'stdout' | 'stderr', chunk: Uint8Array): void {
    const kept = chunk.subarray(0, this.#room)
    this.#room -= kept.length
    this.#cut += chunk.length - kept.length
    this.#parts[stream].push(chunk, kept)
  }

  end(): Said {
    const { stdout, stderr } = this.#parts
    return {
      stdout: stdout.bytes(),
      stderr: stderr.bytes(),
      cut: this.#cut,
      digest: `${stdout.digest()} ${stderr.digest()}`,
    }
  }
}

class Part {
  readonly #hash = createHash('sha256')
  readonly #chunks: Uint8Array[] = []

  push(chunk: Uint8Array, kept: Uint8Array): void {
    this.#hash.update(chunk)
    // A copy: a small rest of a chunk must not keep the whole of it.
    if (kept.length > 0) this.#chunks.push(kept.length === chunk.length ? kept : Uint8Array.from(kept))
  }

  bytes = (): Buffer => Buffer.concat(this.#chunks)
  digest = (): string => this.#hash.digest('hex')
}
