import { expect, test } from 'vitest'
import type { ProxyServer } from '../../../lib/proxy/proxy.ts'
import { goLive } from '../../../lib/swap/go-live.ts'
import { LIMITS } from '../../../lib/swap/swap-target.ts'
import { fakeSwap } from './fake-swap.ts'

const manifest = {
  service: 'web',
  release: '0123456789ab',
  label: 'v2',
  config: '01234567',
  image: `sha256:${'a'.repeat(64)}`,
  port: 8000,
  stopSeconds: 30,
  created: '2026-01-01T00:00:00Z',
}

/** What is told to the proof in a flip away from blue, whose servers the proxies find as given. */
async function markedWith(...health: readonly ProxyServer['health'][]): Promise<readonly unknown[]> {
  const names = health.map((_, index) => `web${index + 1}`)
  const swap = fakeSwap(Object.fromEntries(names.map(name => [name, ''])))
  const quiet = { check: '', sessions: 0, requests: 0, errors: 0 }
  const servers = names.flatMap((host, index): ProxyServer[] => [
    { ...quiet, host, name: `${host}-blue`, slot: 'blue', admin: 'ready', health: health[index] ?? 'up' },
    { ...quiet, host, name: `${host}-green`, slot: 'green', admin: 'drain', health: 'up' },
  ])
  const marked: unknown[] = []
  const proof = {
    flipped: (fresh?: boolean) => void marked.push(fresh === true ? 'those that begin after it' : 'all'),
    fault: () => undefined,
    end: () => Promise.resolve(undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  const opened = {
    ...swap,
    limits: { ...LIMITS, watchSeconds: 0, drainSeconds: 0 },
    read: () => Promise.resolve({ live: 'blue' as const, servers }),
  }
  await goLive(opened, 'green', 'blue', manifest, proof, () => new Date())
  return marked
}

test('requests that the old slot was to answer count as well, while it answers any', async () => {
  expect(await markedWith('up', 'up')).toEqual(['all'])
  expect(await markedWith('down', 'up')).toEqual(['all'])
})

test('a slot that answers nobody fails its last requests itself: the release that mends it is not turned back', async () => {
  expect(await markedWith('down', 'down')).toEqual(['those that begin after it'])
})
