import { sanitise } from './sanitise.ts'

export interface Tail {
  /** How many lines; 10 when it is not said. */
  readonly count?: number
  /** Cuts longer lines, such as the logs of a program; whole lines when it is not said. */
  readonly width?: number
}

/** The last lines of a program's output that hold anything, safe to print: what an error quotes. */
export const lastLines = (output: string, { count = 10, width = Infinity }: Tail = {}): string[] =>
  sanitise(output, 'lines')
    .split('\n')
    .filter(line => line.trim() !== '')
    .slice(-count)
    .map(line => line.slice(0, width))

/** The same as the end of an error's message: each on its own indented line, nothing when empty. */
export const tail = (output: string, options?: Tail): string =>
  lastLines(output, options)
    .map(line => `\n  ${line}`)
    .join('')
