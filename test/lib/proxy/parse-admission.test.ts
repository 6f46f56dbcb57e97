import { expect, test } from 'vitest'
import { parseAdmission as fromHaproxy } from '../../../lib/proxy/haproxy-admission.ts'
import { parseAdmission as fromNginx } from '../../../lib/proxy/told-proxy.ts'
import { haproxyLua } from '../../../templates/haproxy/fleet.lua.ts'

// As HAProxy 2.6.12 prints its map, after the clock of its host.
const MAP = `1795370000000
0x7fa0c80468b0 web/maintenance on
0x7fa0c80468f0 api/hold 1795370002500

`

test.each([
  ['web', { maintenance: true, heldMilliseconds: 0 }],
  ['api', { maintenance: false, heldMilliseconds: 2500 }],
  ['other', { maintenance: false, heldMilliseconds: 0 }],
])('what HAProxy holds back of %s', (service, admission) => {
  expect(fromHaproxy(MAP, service, 'lb1')).toEqual(admission)
})

test('a hold whose time is over is none, and an empty map holds nothing', () => {
  const late = MAP.replace('1795370000000', '1795370009000')
  expect(fromHaproxy(late, 'api', 'lb1').heldMilliseconds).toBe(0)
  expect(fromHaproxy('1795370000000\n\n', 'web', 'lb1').maintenance).toBe(false)
})

test('an HAProxy that was set up before is named, with what to do', () => {
  const old = '1795370000000\nUnknown map identifier. Please use #<id> or <file>.\n\n'
  expect(() => fromHaproxy(old, 'web', 'lb1')).toThrow(/^lb1: HAProxy was set up before/)
})

test.each([
  ['1795370000000\n1795370001500\non\n', { maintenance: true, heldMilliseconds: 1500 }],
  ['1795370000000\n\noff\n', { maintenance: false, heldMilliseconds: 0 }],
  ['1795370000000\n1795360000000\noff\n', { maintenance: false, heldMilliseconds: 0 }],
])('what nginx holds back: %j', (output, admission) => {
  expect(fromNginx(output)).toEqual(admission)
})

test.each(['"', 'a\nb', ']]', ''])('%j cannot become a statement of Lua', service => {
  expect(() => haproxyLua({ pages: [{ service, path: '/x' }], map: '/m' })).toThrow('cannot stand')
})
