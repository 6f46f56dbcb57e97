import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import lab from '../../../inventory/lab.ts'
import { haproxyResources } from '../../../lib/proxy/haproxy-host.ts'
import { proxiedServices, slotHostResources } from '../../../lib/provision/container-hosts.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { fleetHost } from '../../support/fleet-host.ts'
import { folder } from '../../support/folder.ts'

const hosts = [
  fleetHost('lb1', 'lb', '10.0.0.1'),
  fleetHost('web1', 'web', '10.0.0.2'),
  fleetHost('web2', 'web', '10.0.0.3'),
]

test('a proxy knows both slots of every host, whichever serves', () => {
  expect(proxiedServices(lab, 'lb', hosts)).toEqual([
    {
      name: 'web',
      names: ['app.lab.test'],
      health: '/up',
      servers: [
        { name: 'web1-blue', address: '10.0.0.2', port: 8001 },
        { name: 'web1-green', address: '10.0.0.2', port: 8002 },
        { name: 'web2-blue', address: '10.0.0.3', port: 8001 },
        { name: 'web2-green', address: '10.0.0.3', port: 8002 },
      ],
    },
  ])
  expect(proxiedServices(lab, 'web', hosts)).toEqual([])
})

test('of a pair it knows each host as the one slot that it is', () => {
  const { services: _services, ...rest } = lab
  const dock = {
    kind: 'processes' as const,
    role: 'web' as const,
    proxy: { role: 'lb' as const, names: ['dock.test'], port: 8000, health: '/up' },
    pair: { blue: 'web1' as const, green: 'web2' as const },
  }
  expect(proxiedServices({ ...rest, services: { dock } }, 'lb', hosts)[0]?.servers).toEqual([
    { name: 'web1-blue', address: '10.0.0.2', port: 8000 },
    { name: 'web2-green', address: '10.0.0.3', port: 8000 },
  ])
})

test('the proxy is configured with its certificate there, checked, and reloaded once', () => {
  const resources = haproxyResources({
    services: ['web'],
    config: 'config',
    lua: 'lua',
    certificate: new Secret('certificate', 'KEY'),
    pages: new Map([['web', 'page']]),
  })
  expect(resources.map(({ id }) => id).filter(id => /^(file|unit)/.test(id))).toEqual([
    'file /usr/local/lib/fleetfile/renew-haproxy',
    'file /etc/apt/apt.conf.d/61fleetfile-haproxy',
    'file /etc/needrestart/conf.d/fleetfile-haproxy.conf',
    'file /etc/haproxy/fleet.pem',
    'file /etc/haproxy/maintenance/web.html',
    'file /var/lib/haproxy/fleet.map',
    'file /var/lib/haproxy/web.health',
    'file /etc/haproxy/fleet.lua',
    'file /etc/haproxy/haproxy.cfg',
    'unit haproxy.service',
  ])
  expect(resources.find(({ id }) => id.endsWith('fleet.pem'))?.wanted).toMatchObject({ mode: 0o600 })
  expect(JSON.stringify(resources)).toContain('haproxy -c -q -f')
  expect(JSON.stringify(resources)).not.toContain('KEY')
  expect(new Set(resources.flatMap(({ notify }) => notify)).size).toBe(1)
})

test('hosts with slots run an engine', () => {
  const units = (engine?: 'podman') =>
    slotHostResources('#!/bin/sh', engine).flatMap(({ id }) => (id.startsWith('unit') ? [id] : []))
  expect(units()).toEqual(['unit docker.service'])
  expect(units('podman')).toEqual(['unit podman-restart.service'])
})

test.each([
  ['ID=debian\nVERSION_ID="12"', 'without'],
  ['ID=debian\nVERSION_ID="13"', 'with'],
  ['ID=debian', 'with'],
  ['ID=ubuntu\nVERSION_ID="24.04"', 'without'],
])('on %j the engine gets its client %s a package of its own', (release, wanted) => {
  const client = slotHostResources('').find(({ id }) => id === 'packages docker-cli')
  const file = join(folder(), 'os-release')
  writeFileSync(file, release)
  const condition = (client?.onlyIf?.text ?? '').replace('/etc/os-release', file)
  const ask = `if ${condition}; then echo with; else echo without; fi`
  expect(execFileSync('sh', ['-c', ask], { encoding: 'utf8' }).trim()).toBe(wanted)
})
