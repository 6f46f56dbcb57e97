import { UsageError } from '../errors.ts'
import { BATCH } from './execute.ts'
import type { PlannedUser } from './plan.ts'
import type { ReceiptHeader, ReceiptLine, UserResult } from './receipt.ts'

/** What is left of a run. */
export interface Unfinished {
  readonly header: ReceiptHeader
  readonly users: readonly PlannedUser[]
  /** How many have their result already. */
  readonly finished: number
  /** Those whose write may have been under way when the run was cut off. */
  readonly inDoubt: ReadonlySet<string>
}

/** Those that a second try can change. */
const OPEN: ReadonlySet<UserResult['outcome']> = new Set(['failed', 'in-doubt'])

/** Reads from a receipt what its run has not done. Throws UsageError for a run that never began to write. */
export function unfinished(lines: readonly ReceiptLine[], run: string): Unfinished {
  const header = lines.find(line => line.type === 'plan')
  if (header === undefined || !lines.some(({ type }) => type === 'sealed')) {
    throw new UsageError(`run "${run}" ended before it wrote anything: start it anew`)
  }
  const last = new Map<string, UserResult>()
  for (const line of lines) if (line.type === 'result') last.set(line.user, line)
  const planned = lines.filter(line => line.type === 'user')
  const users = planned.filter(({ id }) => {
    const outcome = last.get(id)?.outcome
    return outcome === undefined || OPEN.has(outcome)
  })
  // A run that was killed had no time to write down its last batch.
  const killed = lines.at(-1)?.type !== 'stopped'
  const underWay = users.filter(({ id }) => !last.has(id)).slice(0, killed ? BATCH : 0)
  const unclear = users.filter(({ id }) => last.get(id)?.outcome === 'in-doubt')
  return {
    header,
    users: users.map(({ id, version }) => ({ id, version })),
    finished: planned.length - users.length,
    inDoubt: new Set([...unclear, ...underWay].map(({ id }) => id)),
  }
}
