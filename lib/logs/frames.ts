/** What the host sends: the asked part of each file. */
export interface FrameHandler {
  range(sequence: number, offset: number, length: number): void
  data(bytes: Uint8Array): void
  /** The part is complete; `anchor` is the hash of the last 256 bytes before its end, as the file has them now. */
  end(sequence: number, anchor: string): void
}

const LINE_LIMIT = 256
const NEWLINE = 10

/**
 * Reads `range <sequence> <offset> <length>\n<bytes>\nend <sequence> <sha256>\n`... and `done\n`, in chunks of any size.
 * A part that is shorter than announced, since the file shrank under the reader, makes what follows it malformed: then
 * `feed` throws, and whatever had an `end` before is whole.
 */
export class FrameDecoder {
  readonly #handler: FrameHandler
  #line = Buffer.alloc(0)
  #remaining = 0
  #sequence = -1
  #done = false

  constructor(handler: FrameHandler) {
    this.#handler = handler
  }

  /** Whether everything has come. */
  get done(): boolean {
    return this.#done
  }

  feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#remaining > 0) {
        const part = chunk.subarray(at, at + this.#remaining)
        this.#remaining -= part.length
        at += part.length
        this.#handler.data(part)
        continue
      }
      const newline = chunk.indexOf(NEWLINE, at)
      const end = newline === -1 ? chunk.length : newline
      this.#line = Buffer.concat([this.#line, chunk.subarray(at, end)])
      if (this.#line.length > LINE_LIMIT) throw new Error('malformed answer: no line ends')
      at = end
      if (newline === -1) break
      at += 1
      const line = this.#line.toString('latin1')
      this.#line = Buffer.alloc(0)
      this.#take(line)
    }
  }

  #take(line: string): void {
    // The empty line after a part's bytes.
    if (line === '' && this.#sequence !== -1) return
    const [, sequence, offset, length] = /^range (\d+) (\d+) (\d+)$/.exec(line) ?? []
    const [, ended, anchor] = /^end (\d+) ([0-9a-f]{64})$/.exec(line) ?? []
    if (sequence !== undefined && this.#sequence === -1) {
      this.#sequence = Number(sequence)
      this.#remaining = Number(length)
      this.#handler.range(this.#sequence, Number(offset), this.#remaining)
    } else if (anchor !== undefined && Number(ended) === this.#sequence) {
      this.#handler.end(this.#sequence, anchor)
      this.#sequence = -1
    } else if (line === 'done' && this.#sequence === -1) {
      this.#done = true
    } else {
      throw new Error(`malformed answer: ${JSON.stringify(line.slice(0, 60))}`)
    }
  }
}
