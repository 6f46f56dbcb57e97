import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { z } from 'zod'
import list from '../../../tasks/users/list.ts'
import resync from '../../../tasks/users/resync.ts'
import unlock from '../../../tasks/users/unlock.ts'
import { postgresPrograms, startCluster, type Cluster } from './cluster.ts'
import { fakeContext, type Fake, type FakeOptions } from './fake-context.ts'

const programs = postgresPrograms()

/** Whether there is no PostgreSQL to test against; says why once. */
export function withoutPostgres(): boolean {
  if (programs === undefined) console.warn('skipped: no PostgreSQL server programs under /usr/lib/postgresql')
  return programs === undefined
}

/** The id of the user that a test calls by a number. */
export const id = (number: number) => number.toString(16).padStart(24, '0')

const resultsSchema = z.object({
  data: z.object({
    results: z.array(z.object({ user: z.string(), outcome: z.string(), detail: z.string().optional() })),
  }),
})

const usersSchema = z.object({ data: z.object({ users: z.array(z.object({ id: z.string() })) }) })

/** The results in what a task returned. */
export const results = (result: unknown) => resultsSchema.parse(result).data.results

/** The users in what a task returned, by their numbers. */
export const listed = (result: unknown) =>
  usersSchema.parse(result).data.users.map(user => Number.parseInt(user.id, 16))

/** Every host says which of these processes live on it: sync workers, or `other` ones. */
export const living =
  (
    byHost: Readonly<Record<string, readonly number[]>>,
    kind: 'pid' | 'other' = 'pid',
  ): NonNullable<FakeOptions['answer']> =>
  (host, _, stdin) => {
    const asked = new Set(stdin.trim().split('\n').map(Number))
    const alive = (byHost[host] ?? []).filter(pid => asked.has(pid))
    const lines = alive.map(pid => `${kind} ${pid} 999999`)
    return [`now ${Math.floor(Date.now() / 1000)}`, ...lines, 'end', ''].join('\n')
  }

/** The columns of a user whom a worker holds. */
export const lockedBy = (host: string, worker: number) => ({
  synchronization_host: host,
  synchronization_worker: worker,
  synchronization_start_time: '2026-11-22T10:00:00.123456Z',
  queued_at: '2026-11-22T09:59:59.5Z',
  queued_generation: 'abc',
})

/** A database of its own for the tests of one describe, empty before each of them. */
export function useDatabase() {
  let cluster: Cluster | undefined
  let state = ''
  const running = (): Cluster => {
    if (cluster === undefined) throw new Error('the database has not been started')
    return cluster
  }
  beforeAll(async () => {
    cluster = await startCluster(programs ?? '')
  })
  afterAll(() => cluster?.stop())
  beforeEach(async () => {
    await running().reset()
    state = await mkdtemp('/tmp/fleet-users-')
  })
  afterEach(() => rm(state, { recursive: true, force: true }))
  const sql = (text: string, values?: unknown[]) => running().sql(text, values)
  const add = (number: number, fields: Readonly<Record<string, unknown>> = {}) => {
    const row = { id: id(number), email: `user${number}@example.com`, ...fields }
    const names = Object.keys(row)
    const places = names.map((_, index) => `$${index + 1}`)
    return sql(`insert into users (${names.join(', ')}) values (${places.join(', ')})`, Object.values(row))
  }
  return {
    sql,
    add,
    dial: () => running().dial(),
    password: () => running().password,
    state: () => state,
    fake: (more: Partial<FakeOptions> = {}): Fake =>
      fakeContext({ state, password: running().password, dial: () => running().dial(), ...more }),
    beat: (host: string, process: number, ago: string) =>
      sql('insert into sync_workers (host, process, heartbeat) values ($1, $2, now() - $3::interval)', [
        host,
        process,
        ago,
      ]),
    async stranded(count: number) {
      for (let number = 1; number <= count; number += 1) await add(number, lockedBy('sync1', 100 + number))
    },
    row: async (number: number) => (await sql('select * from users where id = $1', [id(number)]))[0],
    receipts: async () => (await readdir(join(state, 'users', 'test'))).toSorted(),
    async receipt(): Promise<string> {
      const [name] = await this.receipts()
      return readFile(join(state, 'users', 'test', name ?? 'none'), 'utf8')
    },
  }
}

export const runList = (to: Fake, params: object) => list.run(to.ctx, list.params.parse(params))
export const runUnlock = (to: Fake, params: object) => unlock.run(to.ctx, unlock.params.parse(params))
export const runResync = (to: Fake, params: object) => resync.run(to.ctx, resync.params.parse(params))
