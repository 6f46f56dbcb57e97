/** The last lines of an output as a tail for an error message: each on its own indented line, nothing when empty. */
export function lastLines(text: string, count = 10): string {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  return lines
    .slice(-count)
    .map(line => `\n  ${line}`)
    .join('')
}

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
