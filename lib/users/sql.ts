import type { Condition, Filter } from './filter.ts'
import type { Liveness, Page } from './store.ts'

/** A statement with its values apart: nothing that a user typed is ever SQL text. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Collects values and hands out their places. */
class Values {
  readonly list: unknown[] = []

  add(value: unknown, type: string): string {
    this.list.push(value)
    return `$${this.list.length}::${type}`
  }
}

/** A glob as a LIKE pattern: `*` and `?` are the only characters in it that mean more than themselves. */
export const likePattern = (glob: string): string =>
  glob
    .replace(/[\\%_]/g, mark => `\\${mark}`)
    .replaceAll('*', '%')
    .replaceAll('?', '_')

const LOCKED = 'u.synchronization_worker is not null'
const ERRORS = '(coalesce(u.blocking_sync_error_count, 0) + coalesce(u.nonblocking_sync_error_count, 0))'
const ago = (seconds: string): string => `now() - make_interval(secs => ${seconds})`

const STRANDED = `(${LOCKED} and coalesce(not c.alive, w.heartbeat is null or w.heartbeat < ${ago('(select stale from given)')}))`

function condition(item: Condition, values: Values): string {
  const like = (glob: string) => `ilike ${values.add(likePattern(glob), 'text')}`
  const before = (seconds: number) => `< ${ago(values.add(seconds, 'double precision'))}`
  switch (item.kind) {
    case 'stranded':
      return STRANDED
    case 'locked':
      return LOCKED
    case 'queued':
      return '(u.queued_at is not null and u.synchronization_worker is null)'
    case 'errors':
      return `${ERRORS} >= ${values.add(item.atLeast, 'int')}`
    case 'ids':
      return `u.id = any(${values.add(item.ids, 'bpchar[]')})`
    case 'email':
      return `u.email ${like(item.glob)}`
    case 'host':
      return `(${LOCKED} and u.synchronization_host ${like(item.glob)})`
    case 'only-host':
      return `u.synchronization_host_restriction ${like(item.glob)}`
    case 'worker':
      return `u.synchronization_worker = ${values.add(item.process, 'int')}`
    case 'older':
      return `(case when ${LOCKED} then u.synchronization_start_time else u.queued_at end) ${before(item.seconds)}`
    case 'unsynced':
      return `(u.last_synchronization is null or u.last_synchronization ${before(item.seconds)})`
    default:
      return 'u.suppress_auto_sync'
  }
}

function from(filter: Filter, liveness: Liveness, values: Values) {
  const locks = liveness.checked.map(({ lock }) => lock)
  const columns = [
    values.add(
      locks.map(({ host }) => host),
      'text[]',
    ),
    values.add(
      locks.map(({ worker }) => worker),
      'int[]',
    ),
    values.add(
      locks.map(({ startedAt }) => startedAt),
      'timestamptz[]',
    ),
    values.add(
      liveness.checked.map(({ alive }) => alive),
      'boolean[]',
    ),
  ]
  const head = `with checked as (select distinct on (host, process, started) * from unnest(${columns.join(', ')}) as c(host, process, started, alive)),
given as (select ${values.add(liveness.staleSeconds, 'double precision')} as stale)`
  const where = filter.map(item => condition(item, values))
  // Process ids come round again, so a lock is its host, its process and its start, never the process alone.
  const tables = `from users u
left join sync_workers w on w.host = u.synchronization_host and w.process = u.synchronization_worker
left join checked c on c.process = u.synchronization_worker
  and c.host is not distinct from u.synchronization_host
  and c.started is not distinct from u.synchronization_start_time`
  return { head, tables, where: ['true', ...where] }
}

/** Users of a filter, in the order of their ids. */
export function selectStatement(filter: Filter, liveness: Liveness, page: Page): Statement {
  const values = new Values()
  const { head, tables, where } = from(filter, liveness, values)
  if (page.after !== undefined) where.push(`u.id > ${values.add(page.after, 'bpchar')}`)
  const text = `${head}
select u.id, u.email,
  case when ${LOCKED} then case when ${STRANDED} then 'stranded' else 'syncing' end
    when u.queued_at is not null then 'queued'
    when u.next_synchronization is not null then 'scheduled' else 'idle' end as state,
  u.synchronization_worker as worker, u.synchronization_host as host, u.synchronization_start_time as started,
  extract(epoch from now() - w.heartbeat)::float8 as silent,
  u.queued_at, u.next_synchronization as next_sync, u.last_synchronization as last_sync,
  coalesce(u.next_sync_is_exhaustive, false) as exhaustive, u.synchronization_host_restriction as only_host,
  coalesce(u.suppress_auto_sync, false) as suppressed,
  coalesce(u.blocking_sync_error_count, 0) as blocking, coalesce(u.nonblocking_sync_error_count, 0) as other
${tables}
where ${where.join('\n  and ')}
order by u.id limit ${values.add(page.limit, 'int')}`
  return { text, values: values.list }
}

/** How many users a filter has. */
export function countStatement(filter: Filter, liveness: Liveness): Statement {
  const values = new Values()
  const { head, tables, where } = from(filter, liveness, values)
  return {
    text: `${head}\nselect count(*)::int as count ${tables}\nwhere ${where.join('\n  and ')}`,
    values: values.list,
  }
}

/** The locks on a filter's users. Whether they are stranded is what they are asked for, so that is left out. */
export function locksStatement(filter: Filter): Statement {
  const values = new Values()
  const known = filter.filter(({ kind }) => kind !== 'stranded')
  const where = [LOCKED, ...known.map(item => condition(item, values))]
  return {
    text: `select u.synchronization_worker as worker, u.synchronization_host as host,
  u.synchronization_start_time as started,
  extract(epoch from now() - u.synchronization_start_time)::float8 as age
from users u where ${where.join('\n  and ')}`,
    values: values.list,
  }
}
