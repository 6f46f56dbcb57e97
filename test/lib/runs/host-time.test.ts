import { expect, test } from 'vitest'
import { byOurClock } from '../../../lib/runs/host-time.ts'

const WRITTEN = '2026-11-22T12:00:00Z'
const NOW = Date.parse('2026-11-22T12:05:00Z')
const seconds = NOW / 1000

test.each([
  ['the same clock', WRITTEN, seconds, WRITTEN],
  ['one that is close', WRITTEN, seconds + 20, WRITTEN],
  ['an hour ahead', WRITTEN, seconds + 3600, '2026-11-22T11:00:00Z'],
  ['an hour behind', WRITTEN, seconds - 3600, '2026-11-22T13:00:00Z'],
  ['a host that did not tell', WRITTEN, Number.NaN, WRITTEN],
  ['no time', '', seconds + 3600, ''],
  ['a hostile one', '$(reboot)', seconds + 3600, '$(reboot)'],
])('a time by our clock: %s', (_, written, clock, expected) => {
  expect(byOurClock(written, clock, NOW)).toBe(expected)
})
