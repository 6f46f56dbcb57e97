import { expect, test } from 'vitest'
import type { SlotState } from '../../../lib/container/slot-state.ts'
import { catchUpHost } from '../../../lib/pair/catch-up-host.ts'
import { followLive } from '../../../lib/pair/follow.ts'
import { hostSlots } from '../../../lib/pair/host-slots.ts'
import type { ProxyView } from '../../../lib/proxy/proxies.ts'
import { fleetHost } from '../../support/fleet-host.ts'
import { fakePair } from './fake-pair.ts'

const nothing: SlotState = { running: false, edition: undefined, run: '-', manifest: undefined }
const back = fleetHost('sd1b', 'web', '10.0.0.3')

function returning(live: ProxyView['live']) {
  const { swap, said } = fakePair()
  const manifest = {
    service: 'dock',
    release: 'e7c54ad1a3bb',
    label: 'v2',
    config: '6c9d5155',
    image: 'sha256:1',
    port: 8000,
    stopSeconds: 30,
    created: '2026-11-22T12:00:00Z',
    owner: 'ann@laptop',
    run: 'run',
  }
  const states = new Map([
    ['sd1b', { blue: nothing, green: { ...nothing, manifest }, last: undefined, next: undefined }],
  ])
  const slots = {
    ...hostSlots(swap),
    states: () => Promise.resolve(states),
    follow: (slot: 'blue' | 'green') => followLive(swap, slot),
  }
  return { said, swap: { ...swap, slots, read: () => Promise.resolve({ live, servers: [] }) } }
}

test('an idle host keeps its release, ends what is live, and learns the name of the one that serves', async () => {
  const { swap, said } = returning('blue')
  expect(await catchUpHost(swap, back)).toEqual({ release: 'e7c54ad1a3bb', label: 'v2', serves: false })
  expect(said.slice(0, 2)).toEqual(['sd1b rests', 'sd1a works'])
  expect(said).toContainEqual(expect.stringMatching(/^sd1b .*10\.0\.0\.2 dock-live/))
})

test('one that the proxies send requests to goes on with what is live', async () => {
  const { swap, said } = returning('green')
  expect(await catchUpHost(swap, back)).toMatchObject({ serves: true })
  expect(said.slice(0, 2)).toEqual(['sd1a rests', 'sd1b works'])
})

test.each([
  ['mixed', 'a flip of dock was cut off: both hosts take requests'],
  [undefined, 'dock serves nothing'],
] as const)('where %s serves, nothing is done', async (live, message) => {
  const { swap, said } = returning(live)
  await expect(catchUpHost(swap, back)).rejects.toMatchObject({ message, hint: 'fleet deploy dock' })
  expect(said).toEqual([])
})
