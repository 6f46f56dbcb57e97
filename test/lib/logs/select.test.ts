import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../lib/errors.ts'
import { datedRecords } from '../../../lib/logs/dated.ts'
import { parseSince, selectRecords, type Selection } from '../../../lib/logs/select.ts'
import { knownAhead, measureSkew } from '../../../lib/logs/skew.ts'
import { wallClock } from '../../../lib/logs/wall-clock.ts'

const now = Date.parse('2026-11-22T12:00:00Z')

describe('--since', () => {
  it.each([
    ['90m', '2026-11-22T10:30:00.000Z'],
    ['3d', '2026-11-19T12:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T12:30', '2026-11-20T12:30:00.000Z'],
    ['2026-11-20 12:30:05+05:30', '2026-11-20T07:00:05.000Z'],
  ])('%s is %s', (text, expected) => expect(new Date(parseSince(text, now)).toISOString()).toBe(expected))

  it.each(['', '2', 'yesterday', '2026-13-45', '2h; reboot', '2026-11-20T12:00Zx', '-2h'])(
    'refuses %j',
    text => expect(() => parseSince(text, now)).toThrow(UsageError),
  )
})

const FILE = `[DEBUG   ] 2026-11-22 10:00:00 (w:1) d
[INFO    ] 2026-11-22 11:00:00 (w:1) i
[ERROR   ] 2026-11-22 11:30:00 (w:1) e
Traceback
[Odd     ] no level
[WARNING ] 2026-11-22 11:40:00 (w:1) w
User reschedule for None returned {}
`

describe('selecting', () => {
  const select = (selection: Selection) => {
    const records = datedRecords([Buffer.from(FILE)], {
      host: 'a',
      generation: 1,
      final: true,
      clock: wallClock({ kind: 'fixed', minutes: 0 }),
      changed: now,
    })
    return Array.from(selectRecords(records, selection), ({ kind, chunk, start, end }) =>
      kind === 'line' ? (/\) (\w)/.exec(chunk.toString('utf8', start, end))?.[1] ?? '?') : kind,
    ).join(' ')
  }

  it.each<[Selection, string]>([
    [{}, 'd i e w trailer'],
    [{ since: parseSince('1h', now) }, 'i e w trailer'],
    [{ level: 'info' }, 'i e w trailer'],
    [{ level: 'warning' }, 'e w'],
    [{ level: 'critical' }, ''],
    [{ tail: 2 }, 'w trailer'],
    [{ tail: 10 }, 'd i e w trailer'],
    [{ tail: 1, level: 'error' }, 'e'],
  ])('%j gives %s', (selection, expected) => expect(select(selection)).toBe(expected))
})

describe("a host's clock", () => {
  it('is wrong only beyond the error of the measurement', () => {
    expect(knownAhead(measureSkew(1000, 1060, 1100))).toBe(0)
    expect(measureSkew(1000, 6050, 1100)).toEqual({ ahead: 5000, error: 52 })
    expect(knownAhead(measureSkew(1000, -3950, 1100))).toBe(-5000)
  })
})
