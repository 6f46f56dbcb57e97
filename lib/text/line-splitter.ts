/** Puts text that comes in chunks, cut anywhere, into lines. A character cut in two comes whole. */
export class LineSplitter {
  readonly #decoder = new TextDecoder()
  #rest = ''

  push(bytes: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }

  /** The line that had no end, if any; the next chunk starts afresh. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.decode()
    this.#rest = ''
    return rest === '' ? [] : [rest]
  }
}
