import { expect, test } from 'vitest'
import { formatAge, formatDuration, parseDuration } from '../../../lib/text/duration.ts'

test.each<[string, number | undefined]>([
  ['100ms', 100],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['3d', 259_200_000],
  ['2w', 1_209_600_000],
  ['999999w', 604_799_395_200_000],
  ['1000000w', undefined],
  ['9'.repeat(400) + 'h', undefined],
  ['30', undefined],
  ['5 m', undefined],
  ['-1s', undefined],
  ['', undefined],
])('the duration %j', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

test.each([
  [0, '0ms'],
  [340, '340ms'],
  [2500, '2.5s'],
  [59_960, '60s'],
  [60_400, '1m'],
  [90_000, '1m30s'],
  [7_500_000, '2h5m'],
  [7_230_000, '2h'],
  [360_000_000, '100h'],
])('%d milliseconds', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test.each([
  [-5000, '0s'],
  [400, '0s'],
  [14_000, '14s'],
  [840_000, '14m'],
  [7_500_000, '2h 5m'],
  [86_460_000, '1d'],
  [273_600_000, '3d 4h'],
])('%d milliseconds ago', (milliseconds, text) => {
  expect(formatAge(milliseconds)).toBe(text)
})
