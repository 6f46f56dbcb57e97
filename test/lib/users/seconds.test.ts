import { expect, test } from 'vitest'
import { parseSeconds } from '../../../lib/users/seconds.ts'

test.each([
  ['90', 90],
  ['90s', 90],
  ['10m', 600],
  ['7d', 604_800],
  ['1w', 604_800],
  ['1000000', undefined],
  ['ten', undefined],
  ['-1', undefined],
  ['', undefined],
])('%j in seconds', (text, seconds) => {
  expect(parseSeconds(text)).toBe(seconds)
})
