import { Readable } from 'node:stream'
import type { OperatorConsole } from '../../lib/task/context.ts'

/** Nobody at a terminal, nothing piped in, and nothing may run on this machine. */
export const noConsole: OperatorConsole = {
  isTerminal: false,
  stdin: () => Readable.from([]),
  run: () => Promise.reject(new Error('nothing runs here')),
}
