import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fleet } from '../../../lib/fleet/model.ts'
import { describeOnce } from '../../../lib/status/once-line.ts'
import { onceProbes, onceStates, parseOnce } from '../../../lib/status/once.ts'
import { runOnce } from '../../../templates/shell/run-once.ts'
import { folder } from '../../support/folder.ts'
import { postgresPrograms, startCluster, type Cluster } from '../users/cluster.ts'

const fleet = {
  name: 'shop',
  provider: 'static',
  access: { user: 'deploy' },
  roles: { sync: {} },
  hosts: {},
  secrets: [],
  services: {
    sync: {
      kind: 'processes',
      role: 'sync',
      programs: { planner: { command: 'plan', once: true }, worker: { command: 'work' } },
    },
    web: { kind: 'processes', role: 'sync', programs: { page: { command: 'serve' } } },
  },
} satisfies Fleet

const row = (more: object = {}) =>
  `sync ${JSON.stringify({ key: 'shop/sync/planner', host: 'sync2', fence: 3, clean: false, seen: '', slot: '', since: '2026-11-22T12:00:00+00:00', held: 300, silent: 1, ...more })}`
const said = (answers: Readonly<Record<string, readonly string[]>>) =>
  onceStates(
    fleet,
    Object.entries(answers).flatMap(([host, lines]) => parseOnce(lines).map(each => ({ ...each, host }))),
  ).map(describeOnce)

test.each<[string, Readonly<Record<string, readonly string[]>>, string]>([
  ['held', { sync1: ['sync asked', row()] }, 'on sync2 since 5m ago (2026-11-22 12:00:00 UTC), fence 3'],
  [
    'held, by a guard that knew no time',
    { sync1: ['sync asked', row({ since: null, held: null })] },
    'on sync2, fence 3',
  ],
  [
    'ended',
    { sync1: ['sync asked', row({ clean: true, silent: 60 })] },
    'on no host now; it ended on sync2 1m ago, fence 3',
  ],
  [
    'lost',
    { sync1: ['sync asked', row({ silent: 61 })] },
    'on no host that answers; sync2 was last seen 1m 1s ago, fence 3',
  ],
  ['never', { sync1: ['sync asked', row({ key: 'shop/sync/other' })] }, 'on no host so far'],
  ['no table', { sync1: ['sync asked'] }, 'on no host so far'],
  [
    'one host that could ask',
    { sync1: ['sync failed refused'], sync2: ['sync asked', row()] },
    'on sync2 since 5m ago (2026-11-22 12:00:00 UTC), fence 3',
  ],
  [
    'nobody could',
    { sync1: ['sync failed psql: error: connection refused '] },
    'nobody knows where, the database could not be read (sync1: psql: error: connection refused)',
  ],
  ['nobody answered', {}, 'nobody knows where, the database could not be read (no host of sync answered)'],
  [
    'hostile words',
    { sync1: ['sync asked', row({ host: 'a\u001b[31mb' })] },
    'on ab since 5m ago (2026-11-22 12:00:00 UTC), fence 3',
  ],
])('%s', (_, answers, expected) => {
  expect(said(answers)).toEqual([`sync planner runs once: ${expected}`])
})

test('only services with something to run once are asked about', () => {
  expect(onceProbes(fleet)).toHaveLength(1)
})

const programs = postgresPrograms()

describe.skipIf(programs === undefined || !existsSync('/usr/bin/psql'))(
  'the question, to a real database',
  () => {
    const root = folder({ 'srv/sync/current/.keep': '' })
    const guard = join(root, 'run-once')
    let cluster: Cluster
    beforeAll(async () => {
      cluster = await startCluster(programs ?? '')
      writeFileSync(guard, runOnce(), { mode: 0o755 })
      mkdirSync(join(root, 'lib'))
      writeFileSync(join(root, 'lib/run-service'), '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 })
    })
    afterAll(() => cluster.stop())

    const env = (host = cluster.folder) => ({
      PATH: process.env.PATH,
      PGHOST: host,
      PGUSER: 'owner',
      PGDATABASE: 'postgres',
      PGPASSWORD: cluster.password,
    })
    /** Asks as the probe does, with the service's starter and folders here. */
    const ask = (host?: string) => {
      const script = onceProbes(fleet)
        .map(({ text }) => text)
        .join('\n')
        .replaceAll('/srv/sync/current', join(root, 'link'))
        .replaceAll('/usr/local/lib/fleetfile', join(root, 'lib'))
        .replaceAll('runuser -u svc-sync --', '')
      spawnSync('ln', ['-sfn', join(root, 'srv/sync/current'), join(root, 'link')])
      const { stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: env(host) })
      return said({
        sync1: stdout.split('\n').flatMap(line => (line.startsWith('once\t') ? [line.slice(5)] : [])),
      })
    }

    test('before anything ran, while it runs, after it ended, and with a table of an older guard', async () => {
      expect(ask()).toEqual(['sync planner runs once: on no host so far'])
      await cluster.sql(
        `create table fleetfile_once (key text primary key, fence bigint not null, host text not null,
       clean boolean not null, seen timestamptz not null, slot text not null)`,
      )
      await cluster.sql(`insert into fleetfile_once values ('shop/sync/planner', 1, 'old', true, now(), '')`)
      expect(ask()).toEqual([expect.stringMatching(/: on no host now; it ended on old \d+s ago, fence 1$/)])
      const child = spawn(guard, ['shop/sync/planner', 'keep', 'sleep', '1000'], {
        detached: true,
        stdio: 'ignore',
        env: env(),
      })
      const here = spawnSync('uname', ['-n'], { encoding: 'utf8' }).stdout.trim()
      await expect
        .poll(ask, { timeout: 20_000, interval: 200 })
        .toEqual([
          expect.stringMatching(new RegExp(`: on ${here} since \\d+s ago \\([-0-9: ]+ UTC\\), fence 2$`)),
        ])
      const ended = once(child, 'close')
      process.kill(-(child.pid ?? 0), 'SIGTERM')
      await ended
      expect(ask()).toEqual([expect.stringMatching(/: on no host now; it ended on \S+ \d+s ago, fence 2$/)])
    }, 60_000)

    test('a database that cannot be reached is told of, without the password', () => {
      const [line = ''] = ask(join(root, 'nowhere'))
      expect(line).toMatch(
        /nobody knows where, the database could not be read \(sync1: psql: error: .*No such file/,
      )
      expect(line).not.toContain(cluster.password)
    })
  },
)
