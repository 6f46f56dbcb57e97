import { expect, test } from 'vitest'
import { CommandError } from '../../../lib/errors.ts'
import { parseEntry, type HistoryEntry } from '../../../lib/release/history-entry.ts'
import { record } from '../../../lib/release/history.ts'
import { refuseRepeated } from '../../../lib/swap/way-back.ts'
import { fakeSwap } from './fake-swap.ts'

const V1 = '0123456789ab-01234567'
const V2 = 'ba9876543210-01234567'
const at = '2026-11-22T12:00:00.000Z'
const rolledBack: HistoryEntry = { at, action: 'rollback', slot: 'blue', edition: V1, label: 'v1' }
const v2 = { release: 'ba9876543210', label: 'v2', config: '01234567' }

test('a second rollback in a row is refused, with both releases and the way to mean it', () => {
  expect(() => refuseRepeated('web', rolledBack, 'blue', [V1, V1], v2)).toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: `web was rolled back already, at ${at}: v1 (0123456789ab) serves. Another rollback would bring back v2 (ba9876543210), which that one took away`,
      hint: 'fleet rollback web --to ba9876543210-01234567',
    }),
  )
})

test.each([
  ['no history', undefined, 'blue', [V1]],
  ['a deploy since', { ...rolledBack, action: 'deploy' }, 'blue', [V1]],
  ['a deploy since that was flipped back', { ...rolledBack, action: 'flip-back' }, 'blue', [V1]],
  ['another slot serves', rolledBack, 'green', [V1]],
  ['another release serves there', rolledBack, 'blue', [V2, V2]],
] as const)('%s: allowed', (_, last, live, editions) => {
  expect(() => refuseRepeated('web', last, live, editions, v2)).not.toThrow()
})

test.each(['', '{', '[]', '{"at":"x","action":"dance","slot":"blue"}'])('%j is no entry', line => {
  expect(parseEntry(line)).toBeUndefined()
})

test('a line of an older version is read, with less in it', () => {
  expect(parseEntry(JSON.stringify(rolledBack))).toEqual(rolledBack)
})

test('a host where the history cannot be written is a warning and named: the flip is done', async () => {
  const swap = fakeSwap({ web1: new CommandError('no space left', { host: 'web1' }), web2: '' })
  expect(await record(swap, 'deploy', 'blue', undefined, new Date(at))).toEqual(['web1'])
  expect(swap.warnings).toEqual([
    'web1: the deploy is done, but could not be noted in the history; the next run on web does it: no space left',
  ])
})
