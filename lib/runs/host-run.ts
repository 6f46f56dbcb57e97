import type { Ended } from './ended.ts'
import type { Journal, JournalState } from './journal.ts'
import type { RunRecord } from './record.ts'

/** How a run stands on one host. `not begun`: it has begun no step there. */
export type HostState = JournalState | 'not begun'

/** Who asked for a run to be stopped, and when. */
export interface Stop {
  readonly by: string
  readonly at: string
}

/** What became of a run's last flip of a service, as a proxy's host notes it. */
export interface RunFlip {
  readonly service: string
  readonly slot: string
  /** `stopped`: the run was asked to stop before it, so that it was not made. */
  readonly outcome: 'flipped' | 'stopped'
  /** ISO 8601, by our clock. */
  readonly at: string
}

/** What one host holds of a run. */
export interface HostRun {
  readonly id: string
  /** The record, or why it cannot be read. */
  readonly record: RunRecord | string
  /** In the order in which they began. */
  readonly journals: readonly Journal[]
  /** Its steps begin no more. */
  readonly stop?: Stop
  /** The last flip of each service. */
  readonly flips?: readonly RunFlip[]
  /** How the whole run ended, as its client told this host. */
  readonly ended?: Ended
}

/** The last script decides: a resumed run goes on with another one where the first had failed. */
export function stateOn({ journals, stop }: HostRun): HostState {
  if (journals.some(({ state }) => state === 'running')) return 'running'
  return journals.at(-1)?.state ?? (stop === undefined ? 'not begun' : 'stopped')
}

/** The journal that the state is about: the one that runs, else the last. */
export const decisive = ({ journals }: HostRun): Journal | undefined =>
  journals.find(({ state }) => state === 'running') ?? journals.at(-1)
