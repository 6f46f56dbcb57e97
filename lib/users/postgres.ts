import type { Duplex } from 'node:stream'
import { z } from 'zod'
import type { Secret } from '../shell/secret.ts'
import { databaseError, type DatabaseName } from './postgres-errors.ts'
import { PostgresStream } from './postgres-stream.ts'
import { readLocks, readUsers } from './postgres-rows.ts'
import { countStatement, locksStatement, selectStatement, type Statement } from './sql.ts'
import { writeStatement } from './sql-write.ts'
import type { Change, UserStore, Written } from './store.ts'

export interface PostgresOptions extends DatabaseName {
  readonly password: Secret
  readonly tunnel: Duplex
  readonly statementTimeout?: number
  /** How long one write waits for a row that somebody else's transaction holds. */
  readonly lockTimeout?: number
  readonly connectTimeout?: number
}

const foundSchema = z.array(z.object({ worker: z.number().nullable(), host: z.string().nullable() }))

/** Opens the users of a PostgreSQL database over a tunnel. Rejects with a FleetError that names the host. */
export async function openPostgres(options: PostgresOptions): Promise<UserStore> {
  const { default: pg } = await import('pg')
  const stream = new PostgresStream(options.tunnel)
  // Everything is said here, since pg takes what is left open from the environment (PGHOST, PGSSLMODE, PGOPTIONS).
  const client = new pg.Client({
    stream: () => stream,
    host: '127.0.0.1',
    port: 5432,
    user: options.user,
    database: options.database,
    password: options.password.reveal(),
    ssl: false,
    application_name: 'fleetfile users',
    client_encoding: 'UTF8',
    options: '-c timezone=UTC -c datestyle=ISO',
    statement_timeout: options.statementTimeout ?? 30_000,
    lock_timeout: options.lockTimeout ?? 5_000,
    connectionTimeoutMillis: options.connectTimeout ?? 15_000,
    pipeline: true,
    // JavaScript dates would lose the microseconds that versions compare.
    types: {
      getTypeParser: (type, format) =>
        type === pg.types.builtins.TIMESTAMPTZ
          ? (text: string) => text.replace(' ', 'T').replace(/\+00$/, 'Z')
          : pg.types.getTypeParser(type, format),
    },
  })
  // A lost connection rejects the queries under way; unheard, it would end the process as well.
  client.on('error', () => undefined)

  const query = async ({ text, values }: Statement) => {
    try {
      return await client.query<Record<string, unknown>>(text, [...values])
    } catch (error) {
      throw databaseError(error, options)
    }
  }

  const why = async (id: string, action: Change['action']): Promise<Written> => {
    const { rows } = await query({
      text: 'select synchronization_worker as worker, synchronization_host as host from users where id = $1::bpchar',
      values: [id],
    })
    const [now] = foundSchema.parse(rows)
    if (now === undefined) return { outcome: 'not-found' }
    const free = action === 'unlock' ? 'not locked any more' : 'already scheduled anew'
    const state = now.worker === null ? free : `locked by ${now.host ?? 'no host'} (process ${now.worker})`
    return { outcome: 'changed', detail: `changed since the plan: now ${state}` }
  }

  try {
    await client.connect()
  } catch (error) {
    stream.destroy()
    throw databaseError(error, options)
  }
  return {
    locks: async filter => readLocks((await query(locksStatement(filter))).rows),
    count: async (filter, liveness) =>
      z
        .tuple([z.object({ count: z.number() })])
        .parse((await query(countStatement(filter, liveness))).rows)[0].count,
    select: async (filter, liveness, page) =>
      readUsers((await query(selectStatement(filter, liveness, page))).rows),
    async write(change, id, version) {
      const { rowCount } = await query(writeStatement(change, id, version))
      return rowCount === 1 ? { outcome: 'done' } : why(id, change.action)
    },
    async close() {
      await Promise.race([
        client.end().catch(() => undefined),
        new Promise(resolve => setTimeout(resolve, 1000).unref()),
      ])
      stream.destroy()
    },
  }
}
