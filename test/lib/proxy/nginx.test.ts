import { expect, test } from 'vitest'
import { setCommand } from '../../../lib/proxy/nginx-layout.ts'
import { nginxResources } from '../../../lib/proxy/nginx-host.ts'
import { parseLook } from '../../../lib/proxy/look-state.ts'
import { Secret } from '../../../lib/shell/secret.ts'

const LOOK = `== slots
check app.test /up
web1-blue 10.0.0.2:8001
web1-green 10.0.0.2:8002
web2-blue [fd00::3]:8001
web2-green [fd00::3]:8002
== servers
web1-blue drain
web1-green ready
web2-blue maint
web2-green ready
== sessions
ESTAB 0 0 10.0.0.1:41000 10.0.0.2:8001 users:(("nginx",pid=7,fd=9))
ESTAB 0 0 10.0.0.1:41001 10.0.0.2:8001 users:(("nginx",pid=8,fd=9))
CLOSE-WAIT 0 0 [fd00::1]:41002 [fd00::3]:8002 users:(("nginx",pid=8,fd=10))
== counts
10.0.0.2:8001 25 5
[fd00::3]:8002 7 0
unix:/run/other.sock 9 9
== checks
web1-blue 200
web1-green 000 Connection refused\x1b[31m
web2-green 503
web2-green 200
`

test('reads admin state, health, sessions and counts of the slots', () => {
  expect(parseLook(LOOK)).toEqual([
    {
      name: 'web1-blue',
      host: 'web1',
      slot: 'blue',
      admin: 'drain',
      health: 'up',
      check: 'HTTP 200',
      sessions: 2,
      requests: 25,
      errors: 5,
    },
    expect.objectContaining({
      name: 'web1-green',
      admin: 'ready',
      health: 'down',
      check: 'Connection refused',
    }),
    expect.objectContaining({ name: 'web2-blue', admin: 'maint', health: 'unknown', check: '' }),
    expect.objectContaining({ name: 'web2-green', health: 'up', sessions: 1, requests: 7, errors: 0 }),
  ])
})

test('what is no look has no slots', () => {
  expect(parseLook('')).toEqual([])
  expect(parseLook('502 Bad Gateway\n== slots\n<html>\n')).toEqual([])
})

test('a group is checked aside before nginx reads it, and what serves is renamed last', () => {
  const { text } = setCommand('web', 'web1-blue ready')
  expect(text).toMatch(
    /nginx -t -q -c "\$tmp\/nginx.conf"[^]*mv -f "\$tmp\/groups.conf"[^]*nginx-reload[^]*\|\| commit/,
  )
  expect(text).toContain("plan 'web1-blue ready'")
})

const service = {
  name: 'web',
  names: ['app.test'],
  health: '/up',
  servers: [{ name: 'web1-blue', address: 'fd00::1', port: 8001 }],
}

test('the host gets slots, then the configuration that names them, checked, and one reload', () => {
  const resources = nginxResources([service], 'config', new Secret('certificate', 'KEY'), new Map())
  const ids = resources.map(({ id }) => id)
  expect(ids.indexOf('nginx slots web')).toBeLessThan(ids.indexOf('file /etc/nginx/nginx.conf'))
  expect(resources.find(({ id }) => id === 'nginx slots web')?.wanted).toMatchObject({
    content: 'check app.test /up\nweb1-blue [fd00::1]:8001\n',
  })
  expect(resources.find(({ id }) => id.endsWith('fleet.pem'))?.wanted).toMatchObject({ mode: 0o600 })
  expect(JSON.stringify(resources)).toContain('nginx -t -q -c')
  expect(JSON.stringify(resources)).not.toContain('KEY')
  expect(new Set(resources.flatMap(({ notify }) => notify.map(({ id }) => id)))).toEqual(
    new Set(['systemd daemon-reload', 'reload nginx']),
  )
})

test.each(['/a b', '/"', '/up\nweb1-green 6.6.6.6:1', ''])(
  '%j cannot be asked for as a health path',
  health => {
    expect(() =>
      nginxResources([{ ...service, health }], '', new Secret('certificate', ''), new Map()),
    ).toThrow('cannot be told to nginx')
  },
)
