import { expect, test } from 'vitest'
import { nginxConfig, type NginxService } from '../../../templates/nginx/nginx.conf.ts'

const config = (services: readonly NginxService[], certificate = '/etc/nginx/cert.pem') =>
  nginxConfig({
    services,
    certificate,
    home: '/var/lib/x',
    closing: '/run/closing',
    host: 'live.test',
    pages: '/etc/pages',
    hold: '/run/hold-',
  })

test('routes by name, and names no slot: a swap changes none of it', () => {
  const text = config([
    { name: 'web', names: ['App.test', 'www.app.test'], health: '/up' },
    { name: 'my-api', names: ['api.test'], health: '/up' },
  ])
  expect(text).toContain('server_name app.test www.app.test;')
  expect(text).toContain('root /var/lib/x/my-api/current;')
  expect(text).toContain('include /var/lib/x/my-api/groups.conf;')
  expect(text).toContain('return 200 "$fleet_state $fleet_known_my_api\\n";')
  expect(text).not.toMatch(/blue|green/)
})

test.each(['a b', 'x;\n evil', '', '"', '{', '$host', "'"])('%j cannot become a directive', value => {
  expect(() => config([{ name: 'web', names: [value], health: '/up' }])).toThrow('cannot stand in nginx.conf')
  expect(() => config([{ name: value, names: ['app.test'], health: '/up' }])).toThrow(
    'cannot stand in nginx.conf',
  )
  expect(() => config([], value)).toThrow('cannot stand in nginx.conf')
})
