import type { Filter } from './filter.ts'
import type { Lock, User, UserVersion } from './user.ts'

/** A lock of which its own host said for sure whether its worker lives. */
export interface CheckedLock {
  readonly lock: Lock
  readonly alive: boolean
}

/** How to tell a living worker from a dead one. */
export interface Liveness {
  /** What the hosts themselves said. */
  readonly checked: readonly CheckedLock[]
  /** For every other lock: a worker silent for longer than this is dead. */
  readonly staleSeconds: number
}

/** A lock with its age by the database's clock. */
export interface AgedLock extends Lock {
  readonly ageSeconds: number | null
}

export interface Page {
  readonly limit: number
  /** Only users whose id comes after this one. */
  readonly after?: string
}

/** What to write. */
export type Change =
  /** Takes the lock off and lets the scheduler queue the user now. */
  | { readonly action: 'unlock' }
  /** Lets the scheduler queue the user now, unless a worker holds it. */
  | { readonly action: 'resync'; readonly exhaustive: boolean }

/** How one write ended. `changed`: the user is not as it was planned, and was left alone. */
export type Written =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'changed'; readonly detail: string }
  | { readonly outcome: 'not-found' }

/** Where a service keeps its users. */
export interface UserStore {
  /** Every lock on the users of `filter`. */
  locks(filter: Filter): Promise<readonly AgedLock[]>
  count(filter: Filter, liveness: Liveness): Promise<number>
  /** Users in the order of their ids, a page at a time. */
  select(filter: Filter, liveness: Liveness, page: Page): Promise<readonly User[]>
  /**
   * Writes one user in a transaction of its own, only if it still is as `version` says. May be called many times at
   * once. Rejects with ConnectError when the connection is lost: then it is not known whether the write was done.
   */
  write(change: Change, id: string, version: UserVersion): Promise<Written>
  close(): Promise<void>
}
