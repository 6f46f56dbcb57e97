import { expect, test } from 'vitest'
import type { SlotStates } from '../../../lib/container/slot-state.ts'
import type { HistoryEntry } from '../../../lib/release/history-entry.ts'
import { lastAct, noteServed, wasCutOff } from '../../../lib/swap/note-served.ts'
import { fakeSwap } from './fake-swap.ts'

const V1 = '0123456789ab-01234567'
const V2 = 'ba9876543210-01234567'
const now = new Date('2026-11-22T13:00:00.000Z')
const entry = (at: number, action: HistoryEntry['action'], edition: string): HistoryEntry => ({
  at: `2026-11-22T${at}:00:00.000Z`,
  action,
  slot: edition === V1 ? 'blue' : 'green',
  edition,
})
const state = (edition: string) => ({ running: true, edition, run: '', manifest: undefined })
const states = (...hosts: readonly Pick<SlotStates, 'last' | 'next'>[]): ReadonlyMap<string, SlotStates> =>
  new Map(hosts.map((more, index) => [`web${index + 1}`, { blue: state(V1), green: state(V2), ...more }]))

test('the latest line that tells of what serves counts, whichever host has it', () => {
  const hosts = states({ last: entry(10, 'deploy', V1) }, { last: entry(11, 'rollback', V1) })
  expect(lastAct(hosts, 'blue', V1, now)).toEqual(entry(11, 'rollback', V1))
})

test.each([
  [
    'by the line that it had announced',
    { next: entry(12, 'rollback', V2) },
    { action: 'rollback', edition: V2 },
  ],
  ['by what serves alone', {}, { action: 'deploy', edition: V2, at: now.toISOString() }],
  ['not by a line about something else', { next: entry(12, 'rollback', V1) }, { action: 'deploy' }],
] as const)('a flip that was cut off is known %s', (_, more, expected) => {
  const hosts = states({ last: entry(10, 'deploy', V1), ...more }, { last: entry(10, 'deploy', V1) })
  expect(lastAct(hosts, 'green', V2, now)).toMatchObject({ slot: 'green', late: true, ...expected })
})

test('what is missing is noted on the hosts that lack it, and nothing on the others', async () => {
  const swap = fakeSwap({ web1: '', web2: '' })
  const hosts = states({ last: entry(10, 'deploy', V1) }, { last: entry(11, 'deploy', V2) })
  expect(await noteServed(swap, 'green', hosts, now)).toEqual(entry(11, 'deploy', V2))
  expect(swap.notes).toEqual(['what green serves was not in the history: noted now'])
  const planned = fakeSwap({ web1: new Error('nothing may run'), web2: '' })
  await noteServed({ ...planned, ctx: { ...planned.ctx, planOnly: true } }, 'green', hosts, now)
  expect(planned.notes).toEqual([])
})

test.each([
  ['a deploy', { next: entry(12, 'deploy', V2) }, true],
  ['a deploy of which nothing is known', {}, true],
  ['a rollback', { next: entry(12, 'rollback', V2) }, false],
] as const)('%s that was cut off behind its flip', (_, more, expected) => {
  const hosts = states({ last: entry(10, 'deploy', V1), ...more })
  expect(wasCutOff(fakeSwap({ web1: '' }), 'green', hosts)).toBe(expected)
})
