import { expect, test } from 'vitest'
import { lastLines, tail } from '../../../lib/text/last-lines.ts'

const TWELVE = Array.from({ length: 12 }, (_, index) => `l${index}\n\n`).join('')

test.each([
  [
    'the last ten, without empty ones',
    lastLines(TWELVE),
    ['l2', 'l3', 'l4', 'l5', 'l6', 'l7', 'l8', 'l9', 'l10', 'l11'],
  ],
  ['as many as asked for', lastLines(TWELVE, { count: 2 }), ['l10', 'l11']],
  ['as wide as asked for', lastLines('12345\n  78', { width: 3 }), ['123', '  7']],
  ['whole when nothing is asked for', lastLines('x'.repeat(500)), ['x'.repeat(500)]],
  ['safe', lastLines('\x1b[31mred\x1b[0m\r\n\u202eb\x07\n\x1b[0m\n'), ['red', 'b']],
  ['none', lastLines('\n \n'), []],
])('%s', (_, lines, wanted) => {
  expect(lines).toEqual(wanted)
})

test('the tail of an error', () => {
  expect(`failed${tail('a\n\n b\n')}`).toBe('failed\n  a\n   b')
  expect(`failed${tail('')}`).toBe('failed')
})
