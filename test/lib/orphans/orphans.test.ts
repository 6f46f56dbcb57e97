import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { chooseOrphans, parseNames } from '../../../lib/orphans/choose.ts'
import type { Fleet } from '../../../lib/fleet/model.ts'
import { declaredOn, orphansOf, strayPorts, type Declared } from '../../../lib/orphans/find.ts'
import { orphanName, type Orphan } from '../../../lib/orphans/orphan.ts'
import { removalOf } from '../../../lib/orphans/remove.ts'
import { renderOrphans } from '../../../lib/orphans/render.ts'
import { parseSeen, seenScript, type SeenThings } from '../../../lib/orphans/seen.ts'
import { readyServers } from '../../../lib/orphans/serving.ts'
import { cron } from '../../../lib/resource/kinds/cron.ts'
import { directory } from '../../../lib/resource/kinds/directory.ts'
import { user } from '../../../lib/resource/kinds/user.ts'
import { statusProbe } from '../../../lib/status/probe.ts'
import { folder } from '../../support/folder.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const seen: SeenThings = {
  files: [
    '/etc/cron.d/sync-watchdog',
    '/etc/cron.d/kept',
    '/etc/supervisor/conf.d/sync-extra.conf',
    '/etc/systemd/system/old.service',
    '/etc/systemd/system/epmd.socket.d/10-fleetfile.conf',
    '/etc/sysctl.d/60-old.conf',
  ],
  users: ['svc-old', 'svc-sync'],
  folders: ['/srv/old', '/etc/fleetfile/sync'],
  containers: [
    { name: 'web-blue', state: 'running' },
    { name: 'shop-blue', state: 'exited' },
  ],
  sockets: [
    'tcp   LISTEN 0      128          0.0.0.0:22         0.0.0.0:*    users:(("sshd",pid=1,fd=3))',
    'tcp   LISTEN 0      511                *:6379             *:*    users:(("redis-server",pid=9,fd=6))',
    'tcp   LISTEN 0      511             [::]:6379          [::]:*    users:(("redis-server",pid=9,fd=7))',
    'tcp   LISTEN 0      511        127.0.0.1:5432       0.0.0.0:*',
    'tcp   LISTEN 0      511            [::1]:5432          [::]:*',
    'udp   UNCONN 0      0     127.0.0.53%lo:53          0.0.0.0:*',
    'udp   UNCONN 0      0            0.0.0.0:68         0.0.0.0:*    users:(("dhclient",pid=2,fd=7))',
    'udp   UNCONN 0      0            0.0.0.0:5353       0.0.0.0:*',
  ],
}
const declared: Declared = {
  paths: new Set(['/etc/cron.d/kept', '/etc/fleetfile/sync']),
  users: new Set(['svc-sync']),
  containers: new Set(['web-blue']),
  ports: new Set([22]),
}

test('what is there but not declared, in the order of its removal', () => {
  expect(orphansOf(seen, declared).map(orphanName)).toEqual([
    'program sync-extra',
    'cron sync-watchdog',
    'unit old.service',
    'container shop-blue',
    'file /etc/sysctl.d/60-old.conf',
    'file /etc/systemd/system/epmd.socket.d/10-fleetfile.conf',
    'user svc-old',
    'folder /srv/old',
  ])
})

test('the names in a wanted state', () => {
  const fleet: Fleet = {
    name: 'shop',
    provider: 'static',
    access: { user: 'deploy' },
    roles: { web: { ports: [{ port: 80, from: 'anywhere' }] } },
    hosts: {},
    services: {
      web: {
        kind: 'container',
        role: 'web',
        port: 8000,
        slots: { blue: 8001, green: 8002 },
        health: '/up',
        proxy: { role: 'lb', names: ['a.test'] },
      },
    },
    secrets: [],
  }
  const resources = [
    cron({ name: 'job', schedule: '@daily', user: 'root', command: 'true' }),
    user({ name: 'svc-sync' }),
    directory({ path: '/srv/sync' }),
    { ...directory({ path: '/x' }), id: 'timer clean' },
  ]
  const names = declaredOn(fleet, fleetHost('web1', 'web', '203.0.113.1'), [], resources)
  expect([...names.paths]).toEqual([
    '/etc/cron.d/job',
    '/srv/sync',
    '/etc/systemd/system/clean.timer',
    '/etc/systemd/system/clean.service',
    '/etc/fleetfile/web',
  ])
  expect([...names.users, ...names.containers]).toEqual(['svc-sync', 'web-blue', 'web-green'])
  expect([...names.ports]).toEqual([22, 80, 8001, 8002])
})

test('ports that listen to others and are not declared', () => {
  expect(strayPorts(seen, declared)).toEqual([
    { protocol: 'udp', port: 5353, program: '' },
    { protocol: 'tcp', port: 6379, program: 'redis-server' },
  ])
})

test('hosts that agree share a line', () => {
  const orphans = orphansOf(seen, declared).slice(0, 4)
  const ports = strayPorts(seen, declared)
  expect(
    renderOrphans(
      new Map([
        ['a', { orphans, ports: [] }],
        ['b', { orphans: orphans.slice(0, 1), ports }],
      ]),
    ),
  ).toBe(
    [
      'no longer declared:',
      '  a, b: program sync-extra',
      '  a: cron sync-watchdog',
      '  a: unit old.service',
      '  a: container shop-blue (exited)',
      'listening, but not declared:',
      '  b: port udp 5353',
      '  b: port tcp 6379 (redis-server)',
    ].join('\n'),
  )
  expect(renderOrphans(new Map([['a', { orphans: [], ports: [] }]]))).toBe('')
})

test('names with anything in them are read back, and a cut answer is none', () => {
  const output =
    '\0files\0/etc/cron.d/a\nb\0\0users\0svc-x\0\0folders\0\0containers\0web-blue running\0\0sockets\0\0end\0'
  expect(parseSeen(output)).toEqual({
    files: ['/etc/cron.d/a\nb'],
    users: ['svc-x'],
    folders: [],
    containers: [{ name: 'web-blue', state: 'running' }],
    sockets: [],
  })
  expect(parseSeen(output.slice(0, -5))).toBeUndefined()
})

test('a user is ours when it lives where services do', () => {
  const tools = folder()
  const passwd = ['svc-sync:x:9:9::/srv/sync:/x', 'svc-backup:x:8:8::/home/b:/x', 'a:x:7:7:svc-:/srv/a:/x']
  writeFileSync(join(tools, 'getent'), `#!/bin/sh\necho '${passwd.join('\n')}'\n`, { mode: 0o755 })
  const { stdout } = spawnSync('/bin/sh', ['-c', seenScript()], {
    env: { PATH: `${tools}:${process.env.PATH}` },
    encoding: 'utf8',
  })
  expect(parseSeen(stdout)?.users).toEqual(['svc-sync'])
})

test('of containers only slots are looked at', () => {
  expect(seenScript()).toContain('--filter label=fleetfile.slot ')
  expect(statusProbe([]).text).toContain('--filter label=fleetfile.slot ')
})

test.each([
  [
    ['cron', 'a', 'user', 'svc-b'],
    ['cron a', 'user svc-b'],
  ],
  [
    ['cron a', 'user svc-b', 'cron', 'a'],
    ['cron a', 'user svc-b'],
  ],
  [['all'], ['all']],
])('%j is asked for', (words, names) => {
  expect(parseNames(words)).toEqual(names)
})

test.each([
  [['corn', 'a'], /unknown sort of thing "corn", did you mean "cron"\?/],
  [['cron'], /cron: which one\?/],
  [['all', 'cron', 'a'], /unknown sort of thing "all"/],
  [['--', 'x'], /unknown sort of thing "--"/],
])('%j is refused', (words, message) => {
  expect(() => parseNames(words)).toThrow(message)
})

const orphans = new Map([
  ['a', orphansOf(seen, declared)],
  ['b', [{ type: 'cron', name: 'sync-watchdog', path: '/etc/cron.d/sync-watchdog' } satisfies Orphan]],
])
const removed = (names: readonly string[], data = false) =>
  [...chooseOrphans(orphans, names, data).remove].map(([host, found]) => [host, found.length])

test('only what is named goes, where it is', () => {
  expect(removed(['cron sync-watchdog'])).toEqual([
    ['a', 1],
    ['b', 1],
  ])
  expect(chooseOrphans(orphans, ['cron kept', 'user svc-old'], false).missing).toEqual(['cron kept'])
})

test('data goes only when it is asked for', () => {
  expect(removed(['all'])).toEqual([
    ['a', 7],
    ['b', 1],
  ])
  expect(chooseOrphans(orphans, ['all'], false).kept).toEqual(['folder /srv/old'])
  expect(removed(['all'], true)).toEqual([
    ['a', 8],
    ['b', 1],
  ])
  expect(() => chooseOrphans(orphans, ['folder /srv/old'], false)).toThrow('holds data, which stays')
  expect(removed(['folder /srv/old'], true)).toEqual([
    ['a', 1],
    ['b', 0],
  ])
})

test('each is removed under the name that it was asked for by', () => {
  for (const orphan of orphansOf(seen, declared)) expect(removalOf(orphan).id).toBe(orphanName(orphan))
})

test('a server that a proxy sends requests to', () => {
  const head = '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n'
  const lines =
    '5 web 1 web1-blue 10.0.0.1 0 12 1\n5 web 2 web1-green 10.0.0.1 2 4 1\n6 app 1 web1-blue 10.0.0.1 2 0 1\n'
  expect(readyServers(head + lines)).toEqual(['web/web1-green', 'app/web1-blue'])
  expect(readyServers('told web web1-blue drain\ntold web web1-green ready\n')).toEqual(['web/web1-green'])
  expect(readyServers('')).toEqual([])
})
