import { expect, test } from 'vitest'
import type { ProcessService } from '../../../lib/fleet/model.ts'
import { checkUnique } from '../../../lib/resource/plan.ts'
import { processResources, serviceProgram, type ProcessRollout } from '../../../lib/rollout/processes.ts'
import { shellEnvFile } from '../../../lib/rollout/service-env.ts'
import { Secret } from '../../../lib/shell/secret.ts'

const service: ProcessService = {
  kind: 'processes',
  role: 'sync',
  packages: ['python3-pika'],
  directories: ['/var/log/sync'],
  programs: {
    worker: { command: 'python3 worker.py', count: 2, stopSeconds: 60 },
    feeder: { command: 'feed' },
  },
  cron: { watchdog: { schedule: '* * * * *', command: 'python3 watchdog.py' } },
  migrate: ['python3', 'migrate.py', "it's"],
}

const rollout = (more: Partial<ProcessRollout> = {}): ProcessRollout => ({
  fleet: 'shop',
  name: 'sync',
  service,
  env: shellEnvFile({ TOKEN: new Secret('token', 'hunter2') }),
  release: { id: '0123456789ab', label: 'v1' },
  archive: new Uint8Array(),
  migrates: false,
  runService: '#!/bin/sh\n',
  runOnce: '#!/bin/sh\n',
  runLive: '#!/bin/sh\n',
  ...more,
})
const idsOf = (more?: Partial<ProcessRollout>) => processResources(rollout(more)).map(({ id }) => id)

test('the code is there before it is migrated, migrated before it is live, live before it runs', () => {
  const order = [
    'release /srv/sync/releases/0123456789ab',
    'once sync-migrate-0123456789ab',
    'symlink /srv/sync/current',
    'supervisor sync-worker',
  ]
  expect(idsOf({ migrates: true }).filter(id => order.includes(id))).toEqual(order)
})

test.each([
  ['the one host that migrates', { migrates: true }, 'migrate sync to v1'],
  ['any other host, which keeps the mark', { migrates: false }, 'note that sync is migrated to v1'],
  [
    'a service without migrations',
    { migrates: true, service: { kind: 'processes', role: 'x' } as const },
    undefined,
  ],
])('migrations on %s', (_, more, title) => {
  const found = processResources(rollout(more)).find(({ id }) => id.startsWith('once '))
  expect(found?.wanted).toEqual(title === undefined ? undefined : expect.objectContaining({ title }))
  if (more.migrates && title !== undefined) return
  expect(JSON.stringify(found?.wanted ?? '')).not.toContain('migrate.py')
})

test('a new environment and a new release restart the programs, once for both', () => {
  const handlers = processResources(rollout()).flatMap(({ id, notify }) =>
    notify.filter(handler => handler.id === 'restart sync').map(handler => ({ id, handler })),
  )
  expect(handlers.map(({ id }) => id)).toEqual([
    'file /etc/fleetfile/sync/0123456789ab.env',
    'symlink /srv/sync/current',
  ])
  expect(handlers[0]?.handler).toBe(handlers[1]?.handler)
  expect(handlers[0]?.handler.script).toContain(`'^sync-(worker|feeder)_[0-9]+$'`)
})

test('without programs nothing is restarted', () => {
  const resources = processResources(rollout({ service: { kind: 'processes', role: 'x' } }))
  expect(resources.flatMap(({ notify }) => notify)).toEqual([])
})

test('everything runs as a user of its own, through the one starter, with no secret in sight', () => {
  const resources = processResources(rollout({ migrates: true }))
  const worker = JSON.stringify(resources.find(({ id }) => id === 'supervisor sync-worker')?.wanted)
  expect(worker).toContain('command=/usr/local/lib/fleetfile/run-service sync python3 worker.py')
  expect(worker).toContain('user=svc-sync')
  expect(worker).toContain('stopwaitsecs=60')
  expect(JSON.stringify(resources.find(({ id }) => id.startsWith('once '))?.wanted)).toContain(
    String.raw`run-service sync python3 migrate.py 'it'\\''s'`,
  )
  expect(JSON.stringify(resources)).not.toContain('hunter2')
})

test('what runs once is guarded under its own name, and the client of the database is there', () => {
  const single: ProcessService = {
    ...service,
    programs: { feeder: { command: 'feed', once: true } },
    cron: { tidy: { schedule: '0 * * * *', command: "cd /x && tidy --all 'a b'; true", once: true } },
  }
  const resources = processResources(rollout({ service: single }))
  const wanted = (id: string) => JSON.stringify(resources.find(each => each.id === id)?.wanted)
  expect(wanted('supervisor sync-feeder')).toContain(
    'command=/usr/local/lib/fleetfile/run-service sync /usr/local/lib/fleetfile/run-once shop/sync/feeder keep sh -c feed',
  )
  expect(wanted('supervisor sync-feeder')).toContain('stopwaitsecs=15')
  expect(wanted('cron sync-tidy')).toContain(
    String.raw`run-once shop/sync/cron-tidy skip sh -c 'cd /x && tidy --all '\\''a b'\\''; true'`,
  )
  expect(JSON.stringify(resources[0]?.wanted)).toContain('postgresql-client')
  expect(idsOf({ service: single })).toContain('file /usr/local/lib/fleetfile/run-once')
  expect(idsOf()).not.toContain('file /usr/local/lib/fleetfile/run-once')
})

test.each([
  [undefined, ['sync-worker_00', 'sync-worker_01']],
  [0, []],
  [1, ['sync-worker_00']],
])('workers set --count %j', (count, programs) => {
  expect(serviceProgram({ fleet: 'shop', name: 'sync', service }, 'worker', count).wanted).toMatchObject({
    programs,
  })
})

test('two services on one host do not get in each other’s way', () => {
  const packages = /^package/
  const all = [...processResources(rollout()), ...processResources(rollout({ name: 'feeds' }))]
  const own = all.filter(
    ({ id }) => !packages.test(id) && !/^(unit|directory \/usr|file \/usr|directory \/var\/log)/.test(id),
  )
  expect(() => checkUnique(own)).not.toThrow()
})
