import { expect, test } from 'vitest'
import { containerChange, liveOf } from '../../../lib/proxy/serving.ts'
import { FakeProxy } from '../../support/fake-proxy.ts'
import type { SlotStates } from '../../../lib/container/slot-state.ts'
import type { ProxyServer } from '../../../lib/proxy/proxy.ts'
import { fakeSwap } from '../swap/fake-swap.ts'

const [OLD, NEW] = ['a'.repeat(12), 'b'.repeat(12)]
const wanted = { release: NEW, label: 'v2', edition: `${NEW}-11111111` }
const live = { slot: 'blue', edition: `${OLD}-11111111`, label: 'v1', isWhole: true } as const

test.each([
  ['nothing serves', { ...live, slot: undefined }, `create v2 (${NEW})`],
  ['the one before', live, `change v1 -> v2 (${NEW})`],
  ['the same label moved on', { ...live, label: 'v2' }, `change v2 (${OLD}) -> v2 (${NEW})`],
  ['it serves', { ...live, edition: wanted.edition }, undefined],
  [
    'another configuration',
    { ...live, edition: `${NEW}-22222222` },
    `change v2 (${NEW}): another configuration`,
  ],
  [
    'a host is down',
    { ...live, edition: wanted.edition, isWhole: false },
    `change v2 (${NEW}): not whole on every host`,
  ],
  ['both slots', { ...live, slot: 'mixed' as const }, `change finish a flip that was cut off -> v2 (${NEW})`],
  ['hosts differ', { ...live, edition: undefined, label: undefined }, `change unknown -> v2 (${NEW})`],
])('%s', (_, seen, text) => {
  const change = containerChange('web', seen, wanted)
  expect(change && `${change.action} ${change.detail}`).toBe(text)
})

const server = (host: string, admin: ProxyServer['admin'] = 'ready'): ProxyServer => ({
  name: `${host}-blue`,
  host,
  slot: 'blue',
  admin,
  health: 'up',
  check: '',
  sessions: 0,
  requests: 0,
  errors: 0,
})
const states = (edition: string, running = true): SlotStates => ({
  blue: { running, edition, run: '', manifest: undefined },
  green: { running: false, edition: undefined, run: '', manifest: undefined },
})
const proxy = new FakeProxy('lb1', [])
const { target } = fakeSwap({ web1: '', web2: '' })
const swap = { names: () => ['web1', 'web2'], proxies: [proxy], target }

test.each([
  ['all the same', [server('web1'), server('web2')], ['x', 'x'], true, 'x', true],
  ['a host behind', [server('web1'), server('web2')], ['x', 'y'], true, undefined, true],
  ['one that stands', [server('web1'), server('web2')], ['x', 'x'], false, 'x', false],
  ['one that a proxy left out', [server('web1'), server('web2', 'drain')], ['x', 'x'], true, 'x', false],
])('what serves: %s', (_, servers, [one = '', two = ''], running, edition, isWhole) => {
  const seen = liveOf(
    swap,
    { live: 'blue', servers },
    new Map([
      ['web1', states(one)],
      ['web2', states(two, running)],
    ]),
  )
  expect(seen).toMatchObject({ slot: 'blue', edition, isWhole })
})
