/** What a user is at. `stranded` is a lock whose worker is gone: nobody will ever finish it. */
export type UserState = 'stranded' | 'syncing' | 'queued' | 'scheduled' | 'idle'

/** The lock that a worker holds on a user. Times are ISO, to the microsecond, as the database has them. */
export interface Lock {
  readonly host: string | null
  /** The worker's process id on that host. */
  readonly worker: number
  readonly startedAt: string | null
}

/** One user as the store has it. */
export interface User {
  readonly id: string
  readonly email: string | null
  readonly state: UserState
  readonly lock: Lock | null
  /** Seconds since the lock's worker last said that it lives; null without a lock or a worker. */
  readonly silentSeconds: number | null
  readonly queuedAt: string | null
  readonly nextSync: string | null
  readonly lastSync: string | null
  readonly exhaustive: boolean
  /** The only host that may synchronise this user. */
  readonly onlyHost: string | null
  readonly suppressed: boolean
  readonly blockingErrors: number
  readonly otherErrors: number
}

/** The values that an action depends on, frozen when it is planned. */
export interface UserVersion {
  readonly lock: Lock | null
  readonly nextSync: string | null
}
