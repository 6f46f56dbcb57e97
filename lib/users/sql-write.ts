import type { Statement } from './sql.ts'
import type { Change } from './store.ts'
import type { UserVersion } from './user.ts'

/**
 * A queued message carries the generation it was queued with, and workers drop one that is not the user's: writing
 * another one keeps a message that is still under way from running the user a second time.
 */
const REQUEUE = `next_synchronization = now(), queued_at = null, queued_generation = 'manual'`

/**
 * The one statement, and so the one transaction, that writes one user. Its conditions are the plan's values: it
 * touches no row when anything that the action depends on has moved since.
 */
export function writeStatement(change: Change, id: string, version: UserVersion): Statement {
  if (change.action === 'resync') {
    // Being queued in the meantime is no obstacle. A synchronisation that ended, or another operator, sets a new time.
    return {
      text: `update users set ${REQUEUE},
  next_sync_is_exhaustive = coalesce(next_sync_is_exhaustive, false) or $2::boolean
where id = $1::bpchar and synchronization_worker is null
  and (next_synchronization is null or next_synchronization = $3::timestamptz)`,
      values: [id, change.exhaustive, version.nextSync],
    }
  }
  return {
    text: `update users set synchronization_worker = null, ${REQUEUE}
where id = $1::bpchar and synchronization_worker = $2::int
  and synchronization_host is not distinct from $3::text
  and synchronization_start_time is not distinct from $4::timestamptz`,
    values: [id, version.lock?.worker ?? null, version.lock?.host ?? null, version.lock?.startedAt ?? null],
  }
}
