import type { HostContext, TaskContext } from '../task/context.ts'
import { quote } from '../shell/quote.ts'
import type { Transport } from '../transport/transport.ts'

/** What a roll-out needs of a task's context. */
export type RolloutContext = Pick<
  TaskContext,
  | 'on'
  | 'each'
  | 'apply'
  | 'phase'
  | 'note'
  | 'warn'
  | 'emit'
  | 'signal'
  | 'planOnly'
  | 'paths'
  | 'runId'
  | 'owner'
>

export type { HostContext }

/** A shell line as root on a transport, for the few commands that read a stream and so cannot go through `run`. */
export const asRoot = (transport: Transport, script: string): string =>
  transport.user === 'root' ? script : `sudo -n -- sh -c ${quote(script)}`
