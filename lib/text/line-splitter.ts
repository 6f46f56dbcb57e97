/** Puts text that comes in chunks, cut anywhere, into lines. A character cut in two comes whole. */
export class LineSplitter {
  readonly #decoder = new TextDecoder()
  readonly #longest: number
  #rest = ''

  /** A line longer than `longest` characters comes in pieces: for text that nobody has vouched for. */
  constructor(longest = Infinity) {
    this.#longest = longest
  }

  push(bytes: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > this.#longest) return [...lines, this.#take()]
    return lines
  }

  /** The line that had no end, if any; the next chunk starts afresh. */
  end(): string[] {
    const rest = this.#take() + this.#decoder.decode()
    return rest === '' ? [] : [rest]
  }

  #take(): string {
    const rest = this.#rest
    this.#rest = ''
    return rest
  }
}
