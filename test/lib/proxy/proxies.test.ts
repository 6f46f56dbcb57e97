import { expect, test } from 'vitest'
import { AbortedError } from '../../../lib/errors.ts'
import type { Admin } from '../../../lib/proxy/proxy.ts'
import { parseServerName } from '../../../lib/proxy/proxy.ts'
import { flip, liveSlot, readProxies } from '../../../lib/proxy/proxies.ts'
import { waitDrained } from '../../../lib/proxy/drain.ts'
import { since, watchSlot } from '../../../lib/swap/watch.ts'
import { FakeProxy, fakeServer as server } from '../../support/fake-proxy.ts'

const { signal } = new AbortController()

const pair = (host: string, blue: Admin, green: Admin) => [
  server(host, 'blue', blue),
  server(host, 'green', green),
]

test.each([
  ['none', [...pair('a', 'maint', 'maint')], undefined],
  ['blue', [...pair('a', 'ready', 'drain'), ...pair('b', 'ready', 'maint')], 'blue'],
  ['both', [...pair('a', 'ready', 'drain'), ...pair('b', 'drain', 'ready')], 'mixed'],
])('live: %s', (_, servers, live) => {
  expect(liveSlot(servers)).toBe(live)
})

test.each([
  ['web1-blue', { host: 'web1', slot: 'blue' }],
  ['a-green-green', { host: 'a-green', slot: 'green' }],
  ['web1', undefined],
  ['-blue', undefined],
])('the name %s', (name, parts) => {
  expect(parseServerName(name)).toEqual(parts)
})

test('a proxy that does not know a host is named with it', async () => {
  const proxy = new FakeProxy('lb1', pair('a', 'ready', 'drain'))
  await expect(readProxies([proxy], ['a', 'b'])).rejects.toThrow('lb1 does not know b-blue, b-green')
})

test('a flip is one command a proxy, for all hosts', async () => {
  const proxy = new FakeProxy('lb1', [...pair('a', 'ready', 'drain'), ...pair('b', 'ready', 'drain')])
  await flip([proxy], ['a', 'b'], 'green', 'blue')
  expect(proxy.told).toHaveLength(1)
  expect(liveSlot(proxy.servers)).toBe('green')
})

test('the first flip leaves the empty slot alone', async () => {
  const proxy = new FakeProxy('lb1', pair('a', 'drain', 'maint'))
  await flip([proxy], ['a'], 'blue', undefined)
  expect(proxy.told).toEqual([[{ server: 'a-blue', admin: 'ready' }]])
})

test('a run that was asked to stop flips on no proxy, also when only one of two has heard of it', async () => {
  const proxies = ['lb1', 'lb2'].map(name => new FakeProxy(name, pair('a', 'ready', 'drain')))
  for (const proxy of proxies.slice(1)) proxy.stopped = true
  await expect(flip(proxies, ['a'], 'green', 'blue', { runId: 'r' })).rejects.toThrow(AbortedError)
  expect(proxies.map(({ servers }) => liveSlot(servers))).toEqual(['blue', 'blue'])
  expect(proxies.map(({ told }) => told.length)).toEqual([2, 0])
})

test('a way back is made whatever was asked', async () => {
  const proxy = new FakeProxy('lb1', pair('a', 'ready', 'drain'))
  proxy.stopped = true
  await flip([proxy], ['a'], 'green', 'blue', { runId: 'r', always: true })
  expect(liveSlot(proxy.servers)).toBe('green')
})

test('when one of two proxies fails, the other is set back', async () => {
  const proxies = ['lb1', 'lb2'].map(name => new FakeProxy(name, pair('a', 'ready', 'drain')))
  const [first, second] = proxies
  if (second !== undefined) second.broken = true
  await expect(flip(proxies, ['a'], 'green', 'blue')).rejects.toThrow(
    /1 of 2 hosts failed\n {2}lb2: lb2 is away\nblue serves on lb1 as before; not known of lb2: the next deploy/,
  )
  expect(liveSlot(first?.servers ?? [])).toBe('blue')
})

test('a proxy that failed at the flip, and was set back, is in no doubt', async () => {
  const proxies = ['lb1', 'lb2'].map(name => new FakeProxy(name, pair('a', 'ready', 'drain')))
  const [, second] = proxies
  if (second !== undefined) second.brokenOnce = true
  await expect(flip(proxies, ['a'], 'green', 'blue')).rejects.toThrow(/\nblue serves on lb1, lb2 as before$/)
})

test('draining ends when the proxy counts nothing, or at its limit, and cuts nothing', async () => {
  let sessions = 2
  const read = () =>
    Promise.resolve({
      servers: [server('a', 'blue', 'drain', { sessions: sessions-- })],
      live: 'green' as const,
    })
  expect(await waitDrained(read, 'blue', 5, signal)).toMatchObject({ open: 0 })
  const stuck = () =>
    Promise.resolve({ servers: [server('a', 'blue', 'drain', { sessions: 1 })], live: 'green' as const })
  expect(await waitDrained(stuck, 'blue', 0.2, signal)).toMatchObject({ open: 1, servers: ['a-blue'] })
})

test.each([
  ['grows', [10, 1], [30, 2], { requests: 20, errors: 1 }],
  ['a reloaded proxy counts from zero', [100, 5], [7, 0], { requests: 7, errors: 0 }],
])('counters: %s', (_, [a = 0, b = 0], [c = 0, d = 0], seen) => {
  const at = (requests: number, errors: number) => [server('a', 'green', 'ready', { requests, errors })]
  expect(since(at(a, b), at(c, d))).toEqual(seen)
})

test.each([
  ['few errors', { requests: 100, errors: 2 }, undefined],
  ['few among many', { requests: 1000, errors: 10 }, undefined],
  ['too many', { requests: 100, errors: 5 }, '5 of 100 requests failed'],
  ['down', { health: 'down' as const, check: 'L4CON' }, "the proxy's check fails for a-green (L4CON)"],
])('watch: %s', async (_, rest, fault) => {
  const read = () =>
    Promise.resolve({ servers: [server('a', 'green', 'ready', rest)], live: 'green' as const })
  const before = [server('a', 'green', 'drain')]
  const { fault: found } = await watchSlot(read, 'green', before, { seconds: 0, limit: 0.02, signal })
  expect(found).toBe(fault)
})

test('an interruption ends a wait at once', async () => {
  const stop = new AbortController()
  const read = () => Promise.resolve({ servers: [server('a', 'green', 'ready')], live: 'green' as const })
  const watching = watchSlot(read, 'green', [], { seconds: 60, limit: 1, signal: stop.signal })
  stop.abort()
  await expect(watching).rejects.toMatchObject({ exitCode: 8 })
})
