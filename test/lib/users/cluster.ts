import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'

const run = promisify(execFile)
const ROOT = '/usr/lib/postgresql'

/** The folder of PostgreSQL's server programs, or undefined: then tests that need them are skipped. */
export function postgresPrograms(): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT).sort((a, b) => Number(b) - Number(a)) : []
  return versions
    .map(version => join(ROOT, version, 'bin'))
    .find(folder => existsSync(join(folder, 'initdb')))
}

/** The tables as the sample service's migration makes them. */
const SCHEMA = `
create table users (
  id char(24) primary key, email text, created timestamptz not null default now(),
  next_synchronization timestamptz, last_synchronization timestamptz, next_sync_is_exhaustive bool,
  queued_at timestamptz, queued_generation text, synchronization_host_restriction text,
  synchronization_worker int, synchronization_host text, synchronization_start_time timestamptz,
  suppress_auto_sync bool, nonblocking_sync_error_count int, blocking_sync_error_count int);
create table sync_workers (
  process int, host text, heartbeat timestamptz, startup timestamptz, version text, worker_index int,
  state text, user_id char(24), primary key (host, process));`

export interface Cluster {
  readonly password: string
  /** Of its socket: what PGHOST may be. */
  readonly folder: string
  /** What a tunnel to the server's port gives. */
  dial(): Duplex
  /** Runs SQL as the owner of everything. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** Empties the tables. */
  reset(): Promise<void>
  stop(): Promise<void>
}

/** A throwaway PostgreSQL on a Unix socket in a new folder. Only what it started itself is stopped again. */
export async function startCluster(programs: string): Promise<Cluster> {
  const folder = await mkdtemp('/tmp/fleet-pg-')
  const root = process.getuid?.() === 0
  const id = (kind: string) => Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }))
  // PostgreSQL refuses to run as root.
  const as = root ? { uid: id('-u'), gid: id('-g') } : {}
  if (as.uid !== undefined && as.gid !== undefined) await chown(folder, as.uid, as.gid)
  const password = 'it\'s "secret" $1'
  await writeFile(join(folder, 'pw'), password)
  await chmod(join(folder, 'pw'), 0o644)
  const data = join(folder, 'data')
  const program = (name: string, args: string[]) =>
    run(join(programs, name), args, { ...as, cwd: folder, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' } })
  await program('initdb', [
    '-D',
    data,
    '-U',
    'owner',
    '-A',
    'scram-sha-256',
    '--pwfile',
    join(folder, 'pw'),
    '-N',
  ])
  const settings = `-c listen_addresses='' -c unix_socket_directories='${folder}' -c fsync=off -c shared_buffers=16MB`
  await program('pg_ctl', ['-D', data, '-l', join(folder, 'log'), '-o', settings, '-w', 'start']).catch(
    async (error: unknown) => {
      throw new Error(await readFile(join(folder, 'log'), 'utf8'), { cause: error })
    },
  )
  const dial = () => connect(join(folder, '.s.PGSQL.5432'))
  const admin = new Client({ host: folder, user: 'owner', database: 'postgres', password, ssl: false })
  await admin.connect()
  await admin.query(SCHEMA)
  return {
    password,
    folder,
    dial,
    sql: async (text, values = []) => (await admin.query<Record<string, unknown>>(text, values)).rows,
    async reset() {
      await admin.query('truncate users, sync_workers')
    },
    async stop() {
      await admin.end()
      await program('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop'])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
