import { expect, test } from 'vitest'
import { haproxyConfig, type ProxiedService } from '../../../templates/haproxy/haproxy.cfg.ts'

const service: ProxiedService = {
  name: 'web',
  names: ['App.test', 'www.app.test'],
  health: '/up',
  healthMap: '/var/lib/haproxy/web.health',
  servers: [
    { name: 'web1-blue', address: '10.0.0.1', port: 8001 },
    { name: 'web1-green', address: 'fd00::1', port: 8002 },
  ],
}
const config = (services: readonly ProxiedService[]) =>
  haproxyConfig({ services, certificate: '/etc/haproxy/cert.pem' })

test('routes by name to both slots, all closed until a deploy opens one', () => {
  const text = config([service, { ...service, name: 'api', names: ['api.test'] }])
  expect(text).toContain('use_backend web if { req.hdr(host),field(1,:),lower -m str app.test www.app.test }')
  expect(text).toContain('use_backend api if')
  expect(text).toContain('    server web1-blue 10.0.0.1:8001\n    server web1-green [fd00::1]:8002')
  expect(text).toMatch(/default-server check .* disabled/)
  expect(text).toContain('load-server-state-from-file global')
})

test('each slot is checked by its own path, and by that of the fleet file where it has none', () => {
  expect(config([service])).toContain(
    'http-check send meth GET uri-lf %[srv_name,map_str(/var/lib/haproxy/web.health,/up)] ver HTTP/1.1 hdr Host App.test',
  )
})

test.each(['a b', 'x\n  server evil 1.2.3.4:1', '', '"', '{'])('%j cannot become a directive', health => {
  expect(() => config([{ ...service, health }])).toThrow('cannot stand in haproxy.cfg')
})
