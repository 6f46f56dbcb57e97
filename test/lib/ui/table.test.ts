import { expect, test } from 'vitest'
import { table } from '../../../lib/ui/table.ts'

const columns = ['host', 'role', 'release', 'last deploy']
const rows = [
  ['web1', 'web', 'v1 (0123456789ab)', '3m ago'],
  ['db1', 'database', '-', '-'],
]

test('columns stand side by side where they fit, and where nobody looks', () => {
  const whole = `HOST  ROLE      RELEASE            LAST DEPLOY
web1  web       v1 (0123456789ab)  3m ago
db1   database  -                  -
`
  expect(table(columns, rows)).toBe(whole)
  expect(table(columns, rows, 46)).toBe(whole)
})

test('on a narrow terminal the last columns of each row stand beneath its first ones', () => {
  expect(table(columns, rows, 45)).toBe(`HOST  ROLE      RELEASE
    LAST DEPLOY
web1  web       v1 (0123456789ab)
    3m ago
db1   database  -
    -
`)
})

test('a cell wider than the terminal has a line of its own, and is whole', () => {
  expect(table(columns, rows, 10).split('\n').slice(4, 8)).toEqual([
    'web1',
    '    web',
    '    v1 (0123456789ab)',
    '    3m ago',
  ])
})

test('wide characters count double; what would move the cursor is gone', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['日本', 1],
        ['a\u001b[2J\nb', 2],
      ],
      8,
    ),
  ).toBe('NAME  N\n日本  1\na b   2\n')
  expect(table(['name', 'n'], [['日本', 1]], 6)).toBe('NAME\n    N\n日本\n    1\n')
})
