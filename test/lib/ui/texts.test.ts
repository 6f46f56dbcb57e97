import { describe, expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../../lib/ui/durations.ts'
import { clip, sanitise } from '../../../lib/ui/sanitise.ts'
import { table } from '../../../lib/ui/table.ts'
import { suggest } from '../../../lib/suggest.ts'

test.each<[string, number | undefined]>([
  ['100ms', 100],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
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
  [90_000, '1m30s'],
  [7_500_000, '2h5m'],
])('%d milliseconds', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

describe('table', () => {
  test('columns are straight, wide characters count double', () => {
    expect(
      table(
        ['host', 'note'],
        [
          ['web1', 'ok'],
          ['日本', 'wide'],
          ['x', null],
        ],
      ),
    ).toBe('HOST  NOTE\nweb1  ok\n日本  wide\nx\n')
  })

  test('cells cannot move the cursor or add lines', () => {
    expect(table(['a'], [['\u001b[31mx\ny\u0007']])).toBe('A\nx y\n')
  })

  test('no rows', () => {
    expect(table(['a', 'b'], [])).toBe('A  B\n')
  })
})

test('clip counts columns', () => {
  expect(clip('日本語', 5)).toBe('日…')
  expect(clip('abc', 3)).toBe('abc')
})

test('sanitise keeps lines when asked', () => {
  expect(sanitise('a\r\nb\tc\u001b[1md', 'lines')).toBe('a\nb  cd')
  expect(sanitise('a\nb')).toBe('a b')
})

test.each([
  ['wbe', 'web'],
  ['web', 'web'],
  ['dpeloy', 'deploy'],
  ['roll', 'rollback'],
  ['zzzzz', undefined],
  ['', undefined],
])('%j is meant as', (given, meant) => {
  expect(suggest(given, ['lb', 'web', 'deploy', 'rollback'])).toBe(meant)
})
