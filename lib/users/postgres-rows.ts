import { z } from 'zod'
import type { AgedLock } from './store.ts'
import type { User } from './user.ts'

const lockSchema = z.object({
  worker: z.number(),
  host: z.string().nullable(),
  started: z.string().nullable(),
  age: z.number().nullable(),
})

const userSchema = z.object({
  id: z.string(),
  email: z.string().nullable(),
  state: z.enum(['stranded', 'syncing', 'queued', 'scheduled', 'idle']),
  worker: z.number().nullable(),
  host: z.string().nullable(),
  started: z.string().nullable(),
  silent: z.number().nullable(),
  queued_at: z.string().nullable(),
  next_sync: z.string().nullable(),
  last_sync: z.string().nullable(),
  exhaustive: z.boolean(),
  only_host: z.string().nullable(),
  suppressed: z.boolean(),
  blocking: z.number(),
  other: z.number(),
})

/** Checked rows of `locksStatement`. */
export const readLocks = (rows: readonly unknown[]): readonly AgedLock[] =>
  z
    .array(lockSchema)
    .parse(rows)
    .map(({ worker, host, started, age }) => ({ worker, host, startedAt: started, ageSeconds: age }))

/** Checked rows of `selectStatement`. */
export const readUsers = (rows: readonly unknown[]): readonly User[] =>
  z
    .array(userSchema)
    .parse(rows)
    .map(row => ({
      id: row.id,
      email: row.email,
      state: row.state,
      lock: row.worker === null ? null : { worker: row.worker, host: row.host, startedAt: row.started },
      silentSeconds: row.silent,
      queuedAt: row.queued_at,
      nextSync: row.next_sync,
      lastSync: row.last_sync,
      exhaustive: row.exhaustive,
      onlyHost: row.only_host,
      suppressed: row.suppressed,
      blockingErrors: row.blocking,
      otherErrors: row.other,
    }))
