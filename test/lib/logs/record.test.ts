import { describe, expect, it } from 'vitest'
import { splitRecords, type SplitOptions } from '../../../lib/logs/record.ts'

const A = '[INFO    ] 2026-11-22 12:00:00 (w:1) a\n'
const B = '[ERROR   ] 2026-11-22 12:00:01 (w:2) Service exception\n'
const TRACE = 'Traceback (most recent call last):\n  File "x", line 1\n\nLOCALS:\nx=[INFO    ] 2026\n'
const TRAILER = "User reschedule for 2026-11-22 14:03:10.512000 returned {'n': 1}\n"

function split(text: string | Buffer, options: Partial<SplitOptions> = {}, size = 1 << 20) {
  const bytes = Buffer.from(text)
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  )
  const records = splitRecords(chunks, { final: true, ...options })
  const found: [string, string][] = []
  for (;;) {
    const { value, done } = records.next()
    if (done === true) return { found, held: value }
    if (typeof value === 'number') throw new Error('not a record')
    expect(bytes.indexOf(value.chunk.subarray(value.start, value.end), value.offset)).toBe(value.offset)
    found.push([value.kind, value.chunk.toString('latin1', value.start, value.end)])
  }
}

const cases: [string, string, [string, string][]][] = [
  ['nothing', '', []],
  [
    'lines',
    A + B,
    [
      ['line', A],
      ['line', B],
    ],
  ],
  [
    'a traceback',
    A + B + TRACE + A,
    [
      ['line', A],
      ['line', B + TRACE],
      ['line', A],
    ],
  ],
  [
    'a trailer with its empty line',
    `${A}\n${TRAILER}`,
    [
      ['line', A],
      ['trailer', `\n${TRAILER}`],
    ],
  ],
  [
    'two trailers first',
    `\n${TRAILER}\n${TRAILER}${A}`,
    [
      ['trailer', `\n${TRAILER}`],
      ['trailer', `\n${TRAILER}`],
      ['line', A],
    ],
  ],
  [
    'a trailer without a date',
    'User reschedule for None returned {}\n',
    [['trailer', 'User reschedule for None returned {}\n']],
  ],
  ['talk of a trailer', `${A}User reschedule for lunch\n`, [['line', `${A}User reschedule for lunch\n`]]],
  [
    'a beginning in the middle',
    `  File "y"\n${A}`,
    [
      ['rest', '  File "y"\n'],
      ['line', A],
    ],
  ],
  [
    'carriage returns',
    A.replace('\n', '\r\n') + B,
    [
      ['line', A.replace('\n', '\r\n')],
      ['line', B],
    ],
  ],
  [
    'NULs before a line',
    `\0\0\0\n${A}`,
    [
      ['rest', '\0\0\0\n'],
      ['line', A],
    ],
  ],
  ['no start in the middle of a line', `${A}x ${B}`, [['line', `${A}x ${B}`]]],
  [
    'brackets that are no level',
    `${A}[1, 2]\n[INFO] 2026-1-2\n`,
    [['line', `${A}[1, 2]\n[INFO] 2026-1-2\n`]],
  ],
]

describe('splitting into records', () => {
  it.each(cases)('%s', (_, text, expected) => {
    for (const size of [1, 7, 64, 1 << 20])
      expect(split(text, {}, size)).toEqual({ found: expected, held: 0 })
  })

  it('keeps an unfinished line back unless the file is final', () => {
    const half = B.slice(0, 20)
    expect(split(A + half, { final: false })).toEqual({ found: [['line', A]], held: 20 })
    expect(split(A + B.trimEnd(), { final: true }).found).toEqual([
      ['line', A],
      ['line', B.trimEnd()],
    ])
  })

  it('cuts a record at its limit and never starts one inside a line', () => {
    const huge = `${A.trimEnd()}${'x'.repeat(500)}[INFO    ] 2026-11-22 12:00:00 (w:1) no\n`
    const { found } = split(huge + B, { limit: 100 }, 64)
    expect(found.map(([, text]) => text).join('')).toBe(huge + B)
    expect(found.filter(([kind]) => kind === 'line')).toHaveLength(2)
    expect(Math.max(...found.map(([, text]) => text.length))).toBeLessThan(200)
  })
})
