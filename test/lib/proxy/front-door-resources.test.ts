import { expect, test } from 'vitest'
import { frontDoorResources } from '../../../lib/proxy/front-door-resources.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { bodies } from '../../../templates/index.ts'

const services = [
  {
    name: 'web',
    names: ['app.test'],
    health: '/up',
    servers: [
      { name: 'web1-blue', address: '10.0.0.2', port: 8001 },
      { name: 'web1-green', address: '10.0.0.2', port: 8002 },
    ],
  },
]
const resources = (kind: Parameters<typeof frontDoorResources>[0]) =>
  frontDoorResources(kind, services, new Secret('certificate', 'KEY'), bodies)

test.each([
  ['haproxy', '/etc/haproxy/haproxy.cfg', 'unit haproxy.service'],
  ['nginx', '/etc/nginx/nginx.conf', 'unit nginx.service'],
  ['trafficserver', '/etc/trafficserver/records.config', 'unit trafficserver.service'],
] as const)('a host with %s gets its configuration and its unit, once each', (kind, config, unit) => {
  const ids = resources(kind).map(({ id }) => id)
  expect(ids).toContain(`file ${config}`)
  expect(ids.at(-1)).toBe(unit)
  expect(new Set(ids).size).toBe(ids.length)
})
