import { expect, test } from 'vitest'
import { openPorts } from '../../../lib/fleet/ports.ts'
import lab from '../../../inventory/lab.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const hosts = [
  fleetHost('db1', 'database', '10.0.0.9', { port: 2222 }),
  fleetHost('web2', 'web', '10.0.0.3'),
  fleetHost('web1', 'web', '10.0.0.2'),
  fleetHost('lb1', 'lb', '10.0.0.1'),
]
const open = (name: string) =>
  hosts.filter(host => host.name === name).map(host => openPorts(lab, host, hosts))[0]

test('SSH first, on its own port; the rest as the role declares it, addresses in order', () => {
  expect(open('db1')).toEqual([
    { port: 2222, protocol: 'tcp' },
    { port: 5432, protocol: 'tcp', from: ['10.0.0.2', '10.0.0.3'] },
    { port: 5672, protocol: 'tcp', from: ['10.0.0.2', '10.0.0.3'] },
  ])
})

test('a port for everybody has no addresses', () => {
  expect(open('lb1')).toEqual([22, 80, 443].map(port => ({ port, protocol: 'tcp' })))
})

test('fleet is every other host; a role without hosts is nobody, not everybody', () => {
  const [db, , web] = hosts
  const roles = {
    ...lab.roles,
    web: {
      ports: [
        { port: 1, from: 'fleet' as const, protocol: 'udp' as const },
        { port: 2, from: ['sync' as const] },
      ],
    },
  }
  expect(db && web && openPorts({ ...lab, roles }, web, hosts).slice(1)).toEqual([
    { port: 1, protocol: 'udp', from: ['10.0.0.1', '10.0.0.3', '10.0.0.9'] },
    { port: 2, protocol: 'tcp', from: [] },
  ])
})

test('the hosts of a swarm talk to each other, and to nobody else', () => {
  const { web } = lab.services
  if (web?.kind !== 'container') throw new Error('the lab has changed')
  const swarm = { ...lab, services: { web: { ...web, placement: 'swarm' as const } } }
  const [db, two] = hosts
  const own = (host = db) => (host === undefined ? [] : openPorts(swarm, host, hosts))
  expect(own(two).filter(({ port }) => [2377, 7946, 4789].includes(port))).toEqual([
    { port: 2377, protocol: 'tcp', from: ['10.0.0.2'] },
    { port: 7946, protocol: 'tcp', from: ['10.0.0.2'] },
    { port: 7946, protocol: 'udp', from: ['10.0.0.2'] },
    { port: 4789, protocol: 'udp', from: ['10.0.0.2'] },
  ])
  expect(own(db).some(({ port }) => port === 2377)).toBe(false)
})
