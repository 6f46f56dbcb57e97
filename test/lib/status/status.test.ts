import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLiveSlot, type LiveServer, type LiveSlot } from '../../../lib/proxy/live-slots.ts'
import type { Admin } from '../../../lib/proxy/proxy.ts'
import type { Slot } from '../../../lib/swap/slot.ts'
import { describeMixed } from '../../../lib/status/fronts.ts'
import { parseStatus } from '../../../lib/status/host-status.ts'
import { statusProbe } from '../../../lib/status/probe.ts'
import { statusTable } from '../../../lib/status/table.ts'
import { fleetHost } from '../../support/fleet-host.ts'
import { folder } from '../../support/folder.ts'

const SAID = `clock\t1795349100
load\t0.42
cores\t2
disk\t17%
failed\t
release\tsync 0123456789ab 1795348800 v1 (hot fix)
program\tsync-worker_00 RUNNING
program\tsync-worker_01 STARTING
program\tsync-worker_02 FATAL
container\tweb blue 0123456789ab running 2026-10-22 12:00:00 +0000 UTC v1
container\tweb green ba9876543210 exited 2026-10-21 12:00:00 +0000 UTC v0
`

test('what a host says is read', () => {
  expect(parseStatus(SAID)).toEqual({
    clock: 1_795_349_100_000,
    load: 0.42,
    cores: 2,
    disk: '17%',
    failedUnits: [],
    quarantines: [],
    once: [],
    liveWork: [],
    releases: [
      {
        service: 'sync',
        release: '0123456789ab',
        label: 'v1 (hot fix)',
        deployedAt: new Date(1_795_348_800_000),
      },
      {
        service: 'web',
        slot: 'blue',
        release: '0123456789ab',
        state: 'running',
        label: 'v1',
        deployedAt: new Date('2026-10-22T12:00:00Z'),
      },
      {
        service: 'web',
        slot: 'green',
        release: 'ba9876543210',
        state: 'exited',
        label: 'v0',
        deployedAt: new Date('2026-10-21T12:00:00Z'),
      },
    ],
    processes: { running: 2, total: 3 },
  })
  expect(parseStatus('')).toMatchObject({ disk: '?', releases: [], processes: { total: 0 } })
})

test('the probe runs on a bare machine, and finds a release with any label', () => {
  const root = folder({ 'srv/sync/releases/0123456789ab/.fleetfile-release': `it's $(v1)\n` })
  mkdirSync(join(root, 'srv/none'))
  symlinkSync(join(root, 'srv/sync/releases/0123456789ab'), join(root, 'srv/sync/current'))
  const script = statusProbe(['sync', 'none']).text.replaceAll('/srv/', `${root}/srv/`)
  // As on a bare machine: neither Docker nor supervisor.
  const hide = 'command() { case $2 in docker | supervisorctl) return 1 ;; esac; }; systemctl() { :; }\n'
  const { stdout, status } = spawnSync('/bin/sh', ['-c', hide + script], { encoding: 'utf8' })
  expect(status).toBe(0)
  const { releases, load, cores, disk } = parseStatus(stdout)
  expect(releases).toMatchObject([{ service: 'sync', release: '0123456789ab', label: `it's $(v1)` }])
  expect([load, cores].every(Number.isFinite)).toBe(true)
  expect(disk).toMatch(/^\d+%$/)
})

const now = new Date(1_795_348_800_000 + 5 * 60_000)
const host = fleetHost('web1', 'web', '10.0.0.1')
const BLUE: LiveSlot = { slot: 'blue', servers: [] }
const line = (said: string, live = new Map([['web', BLUE]])) =>
  statusTable([{ host, answer: parseStatus(said) }], live, now).split('\n')[1]

test.each<[string, string, RegExp]>([
  [
    'all of it',
    SAID,
    /^web1 +web +v1 \(hot fix\) \(0123456789ab\), v1 \(0123456789ab\) +blue\* green +stopped: green +0\.42 +17% +2\/3 +5m ago$/,
  ],
  [
    'a unit that failed comes first',
    SAID.replace('failed\t', 'failed\tcron.service ssh.service '),
    / failed: cron\.service, ssh\.service /,
  ],
  ['processes that are down', SAID.replace(/container.*green.*\n/, ''), / processes down /],
  ['a bare host', 'load\t0\ndisk\t1%\n', /^web1 +web +- +- +ok +0\.00 +1% +- +-$/],
  ['a deploy of just now', SAID.replace('1795348800', '1795349090'), /just now$/],
  [
    'a clock an hour ahead',
    SAID.replace('1795349100', '1795352700').replace('1795348800', '1795352400'),
    / 5m ago$/,
  ],
  ['an old one', SAID.replace('1795348800', '1794000000'), /16d ago$/],
])('%s', (_, said, expected) => {
  expect(line(said)).toMatch(expected)
})

const seen = (health: LiveServer['health'], check: string, on = 'web1'): LiveServer => ({
  host: on,
  slot: 'blue',
  health,
  check,
})
const RUNNING = SAID.replace(/container.*green.*\n/, '').replaceAll(/program.*\n/g, '')

test.each<[string, string, readonly LiveServer[], string]>([
  ['up', RUNNING, [seen('up', 'L7OK 200')], 'ok'],
  ['not checked yet', RUNNING, [seen('unknown', '')], 'ok'],
  ['down', RUNNING, [seen('down', 'L7STS 503')], 'down: L7STS 503'],
  ['down without a check', RUNNING, [seen('down', '')], 'down: no check'],
  ['down elsewhere', RUNNING, [seen('up', 'L7OK 200'), seen('down', 'L4CON', 'web2')], 'ok'],
  ['down for one of two proxies', RUNNING, [seen('up', 'L7OK 200'), seen('down', 'L4TOUT')], 'down: L4TOUT'],
  ['down for both', RUNNING, [seen('down', 'L4CON'), seen('down', 'L4CON')], 'down: L4CON'],
  ['down, where nothing runs', 'load\t0\ndisk\t1%\n', [seen('down', 'L4CON')], 'down: L4CON'],
  [
    'down, after a failed unit',
    RUNNING.replace('failed\t', 'failed\ta.service'),
    [seen('down', 'x')],
    'failed: a.service',
  ],
  ['down, after a stopped slot', SAID, [seen('down', 'x')], 'stopped: green'],
  [
    'down, before processes',
    SAID.replace(/container.*green.*\n/, ''),
    [seen('down', 'L4CON')],
    'down: L4CON',
  ],
])('a live slot that its proxy sees %s', (_, said, servers, expected) => {
  expect(line(said, new Map([['web', { slot: 'blue', servers }]]))).toMatch(new RegExp(` ${expected}  +\\d`))
})

const proxied = (slot: Slot, admin: Admin, health: 'up' | 'down') => ({
  name: `web1-${slot}`,
  host: 'web1',
  slot,
  admin,
  health,
  check: 'L7STS 503',
  sessions: 0,
  requests: 0,
  errors: 0,
})

test.each<[string, Admin, Admin, LiveSlot['slot'] | undefined, readonly Slot[]]>([
  ['one slot', 'drain', 'ready', 'green', ['green']],
  ['both, in a flip that was cut off', 'ready', 'ready', 'mixed', ['blue', 'green']],
  ['none', 'maint', 'drain', undefined, []],
])('what the proxies serve: %s', (_, blue, green, live, slots) => {
  const servers = [proxied('blue', blue, 'down'), proxied('green', green, 'down')]
  expect(readLiveSlot({ servers, live })).toEqual(
    live && {
      slot: live,
      servers: slots.map(slot => ({ host: 'web1', slot, health: 'down', check: 'L7STS 503' })),
    },
  )
})

test('a host that says nothing has a line as well', () => {
  expect(statusTable([{ host, answer: 'web1: timed out' }], new Map(), now)).toMatch(
    /\nweb1 +web +- +- +unreachable/,
  )
})

test('a flip that was cut off is told, with what finishes it', () => {
  const slot = (live: LiveSlot['slot']): LiveSlot => ({ slot: live, servers: [] })
  expect(
    describeMixed(
      new Map([
        ['dock', slot('mixed')],
        ['web', slot('blue')],
      ]),
    ),
  ).toEqual(['dock: a flip was cut off, both slots take requests; fleet deploy dock, which finishes it'])
})
