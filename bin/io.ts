import { AbortedError } from '../lib/errors.ts'
import type { Env, Terminal } from '../lib/ui/terminal.ts'

/** Everything of the process that a command may use. Tests hand in their own. */
export interface Io {
  readonly argv: readonly string[]
  readonly env: Env
  readonly cwd: string
  readonly home: string
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Terminal
  readonly stderr: Terminal
  readonly signal: AbortSignal
  /** Hears what an operator is to be told who lets go of the task at once. */
  onLetGo?(words: string): void
  now(): Date
}

/** The reader of stdout has gone (`fleet logs | head`): the run stops and says nothing more. */
export class OutputClosedError extends AbortedError {
  constructor() {
    super('nobody reads the output any more')
  }
}
