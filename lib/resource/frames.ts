/** What a program on a host said: a marker line of ours, or bytes of whatever ran between two markers. */
export type Frame =
  | { readonly type: 'marker'; readonly words: readonly string[] }
  | { readonly type: 'data'; readonly bytes: Buffer }

const NEWLINE = 10

/**
 * Reads a stream that comes in chunks, cut anywhere. A marker is a line of its own that begins with the nonce; the
 * newline in front of it belongs to the marker, so that data may end without one and hold anything.
 */
export class FrameReader {
  readonly #start: Buffer
  #held = Buffer.alloc(0)

  constructor(nonce: string) {
    this.#start = Buffer.from(`\n${nonce} `)
  }

  /** The frames that are complete by now; data comes as early as it can be told from a marker. */
  push(chunk: Uint8Array): Frame[] {
    this.#held = Buffer.concat([this.#held, chunk])
    const frames: Frame[] = []
    for (;;) {
      const at = this.#held.indexOf(this.#start)
      if (at < 0) {
        this.#data(frames, this.#held.length - this.#undecided())
        return frames
      }
      this.#data(frames, at)
      const end = this.#held.indexOf(NEWLINE, this.#start.length)
      if (end < 0) return frames
      const words = this.#held.toString('utf8', this.#start.length, end).split(' ')
      frames.push({ type: 'marker', words })
      this.#held = this.#held.subarray(end + 1)
    }
  }

  /** Whether the data so far ends a line: the newline itself is kept back, since it may belong to a marker. */
  get atLineEnd(): boolean {
    return this.#held[0] === NEWLINE
  }

  /** What is left when the stream has ended. */
  end(): Frame[] {
    const frames: Frame[] = []
    this.#data(frames, this.#held.length)
    return frames
  }

  #data(frames: Frame[], length: number): void {
    if (length > 0) frames.push({ type: 'data', bytes: this.#held.subarray(0, length) })
    this.#held = this.#held.subarray(length)
  }

  /** How many bytes at the end may be the beginning of a marker. */
  #undecided(): number {
    for (let size = Math.min(this.#start.length - 1, this.#held.length); size > 0; size -= 1) {
      if (this.#held.subarray(-size).equals(this.#start.subarray(0, size))) return size
    }
    return 0
  }
}

/** All frames of a stream that is there as a whole. */
export function parseFrames(nonce: string, bytes: Uint8Array): Frame[] {
  const reader = new FrameReader(nonce)
  return [...reader.push(bytes), ...reader.end()]
}
