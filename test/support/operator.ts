import type { LeaseContext } from '../../lib/lease/lease.ts'
import { eachHost } from '../../lib/task/each.ts'
import type { Transport } from '../../lib/transport/transport.ts'

/** A run as leases see it, with what it was told. */
export interface Operator extends LeaseContext {
  readonly notes: string[]
  /** Hosts that were asked for. */
  readonly asked: string[]
  /** Why hosts were abandoned. */
  readonly lost: Error[]
}

export interface OperatorOptions {
  readonly wait?: number
  readonly planOnly?: boolean
  readonly message?: string
  readonly stop?: AbortController
}

const refuse = () => Promise.reject(new Error('not used'))

/** One of several operators, on a connection of its own. */
export function operator(owner: string, transport: Transport, options: OperatorOptions = {}): Operator {
  const { wait = 0, planOnly = false, message, stop = new AbortController() } = options
  const notes: string[] = []
  const asked: string[] = []
  const lost: Error[] = []
  const { signal } = stop
  return {
    notes,
    asked,
    lost,
    owner,
    runId: `run-of-${owner.split('@')[0]}`,
    ...(message === undefined ? {} : { message }),
    wait,
    planOnly,
    signal,
    leases: new Set(),
    warn: text => void notes.push(text),
    note: text => void notes.push(text),
    abandon(_, error) {
      lost.push(error)
      stop.abort()
    },
    each: (some, work) => eachHost(some, work, { concurrency: 10, signal }),
    on: host => {
      asked.push(host.name)
      return { host, read: refuse, run: refuse, touch: refuse, transport: () => Promise.resolve(transport) }
    },
  }
}
