import { expect, test } from 'vitest'
import { ConfigError } from '../../../lib/errors.ts'
import { checkSlots, parseServerName } from '../../../lib/proxy/proxy.ts'

test('takes the names that slots of hosts have', () => {
  const changes = ['web1-blue', 'eu-web-2-green', '10.0.0.1-blue'].map(server => ({
    server,
    admin: 'ready' as const,
  }))
  expect(() => checkSlots(changes, 'lb1')).not.toThrow()
})

test.each([
  '',
  '-blue',
  'web1',
  'web1-red',
  'web1-blue; quit',
  'web1-blue\n',
  'a/web1-blue',
  '$(x)-blue',
  "'-blue",
])('refuses %j', server => {
  const check = () => checkSlots([{ server, admin: 'drain' }], 'lb1')
  expect(check).toThrow(ConfigError)
  expect(check).toThrow(`lb1: ${JSON.stringify(server)} cannot be the name of a slot`)
})

test.each(['/up; shutdown', '/a b', 'up', '/up\nx', '/up"'])('%j is no path to tell a proxy', health => {
  expect(() => checkSlots([{ server: 'web1-blue', admin: 'drain', health }], 'lb1')).toThrow(
    'cannot be a path',
  )
})

test('reads a slot out of its name', () => {
  expect(parseServerName('web-1-green')).toEqual({ host: 'web-1', slot: 'green' })
  expect(parseServerName('other')).toBeUndefined()
})
