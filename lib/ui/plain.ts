import { Lines, type LineOptions } from './lines.ts'
import type { Renderer } from './renderer.ts'
import type { Terminal } from './terminal.ts'

/** For CI and pipes: each line once, in order, to stderr; nothing is ever moved or rewritten. */
export function plainRenderer(stdout: Terminal, stderr: Terminal, options: LineOptions): Renderer {
  const lines = new Lines(options)
  const write = (texts: readonly string[]) => {
    for (const text of texts) stderr.write(`${text}\n`)
  }
  const results = () => {
    for (const text of lines.results(stdout.isTTY === true)) stdout.write(`${text}\n`)
  }
  return {
    emit: event => write(lines.of(event)),
    print: text => {
      write(lines.rest())
      results()
      stdout.write(text.endsWith('\n') ? text : `${text}\n`)
    },
    pause: work => {
      write(lines.rest())
      return work()
    },
    close: () => {
      write(lines.rest())
      results()
    },
  }
}
