import { describe, expect, test } from 'vitest'
import { table } from '../../../lib/ui/table.ts'
import { suggest } from '../../../lib/suggest.ts'

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
