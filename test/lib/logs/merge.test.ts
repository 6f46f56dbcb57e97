import { describe, expect, it } from 'vitest'
import { datedRecords } from '../../../lib/logs/dated.ts'
import { mergeRecords, type Source } from '../../../lib/logs/merge.ts'
import { textRenderer } from '../../../lib/logs/render.ts'
import { wallClock } from '../../../lib/logs/wall-clock.ts'
import type { HostZone } from '../../../lib/logs/zone.ts'

const CHANGED = Date.parse('2026-11-01T09:00:00Z')

function source(host: string, generation: number, text: string, zone: HostZone): Source {
  const open = () =>
    datedRecords([Buffer.from(text)], {
      host,
      generation,
      final: true,
      clock: wallClock(zone),
      changed: CHANGED,
    })
  const first = open().next()
  return { host, generation, first: first.done === true ? 0 : first.value.key, open }
}

const named = (name: string): HostZone => ({ kind: 'named', name })
const merged = (sources: readonly Source[]) =>
  [...mergeRecords(sources)].map(record => record.chunk.toString('utf8', record.start, record.end).trim())

const text = (time: string, message: string) => `[INFO    ] ${time} (w:1) ${message}\n`
const messages = (lines: readonly string[]) => lines.map(line => line.split(') ').at(-1))

/** Local time in a zone, as Python writes it. */
function local(instant: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  return parts.format(instant)
}

/** A generator of numbers in [0, 1), the same for every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('merging', () => {
  it('orders hosts of different zones by true time', () => {
    expect(
      messages(
        merged([
          source('c', 1, text('2026-07-01 07:00:02', 'three'), named('America/Chicago')),
          source('b', 1, text('2026-07-01 12:00:01', 'two'), named('UTC')),
          source('a', 1, text('2026-07-01 17:30:00', 'one'), named('Asia/Kolkata')),
        ]),
      ),
    ).toEqual(['one', 'two', 'three'])
  })

  it('breaks ties by host, file, place in the file', () => {
    const at = '2026-07-01 12:00:00'
    expect(
      messages(
        merged([
          source('b', 1, text(at, 'b1') + text(at, 'b1'), named('UTC')),
          source('a', 2, text(at, 'a2'), named('UTC')),
          source('a', 1, text(at, 'a1'), named('UTC')),
        ]),
      ),
    ).toEqual(['a1', 'a2', 'b1', 'b1'])
  })

  it('keeps a file in its order where its clock steps back', () => {
    const a = text('2026-07-01 12:00:10', 'a1') + text('2026-07-01 12:00:05', 'a2')
    expect(
      messages(
        merged([
          source('a', 1, a, named('UTC')),
          source('b', 1, text('2026-07-01 12:00:07', 'b'), named('UTC')),
        ]),
      ),
    ).toEqual(['b', 'a1', 'a2'])
  })

  it('keeps trailers and tracebacks with the record before', () => {
    const a = `${text('2026-07-01 12:00:00', 'a1')}Traceback\n  x\n\nUser reschedule for None returned {}\n`
    expect(
      merged([
        source('a', 1, a, named('UTC')),
        source('b', 1, text('2026-07-01 12:00:00', 'b'), named('UTC')),
      ]),
    ).toEqual([
      '[INFO    ] 2026-07-01 12:00:00 (w:1) a1\nTraceback\n  x',
      'User reschedule for None returned {}',
      '[INFO    ] 2026-07-01 12:00:00 (w:1) b',
    ])
  })

  it('places a file without any time by its last change', () => {
    expect(
      merged([
        source('a', 1, 'User reschedule for None returned {}\n', named('UTC')),
        source('b', 1, text('2026-11-01 08:59:59', 'b1') + text('2026-11-01 09:00:01', 'b2'), named('UTC')),
      ]).at(1),
    ).toContain('reschedule')
  })

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'gives back the order in which they were written (%i)',
    seed => {
      const next = random(seed + 1)
      const pick = (count: number) => Math.floor(next() * count)
      // Half of the runs lie in the night in which Chicago repeats an hour.
      let now = seed % 2 === 0 ? Date.parse('2026-11-01T05:30:00Z') : Date.parse('2026-07-01T00:00:00Z')
      const zones = ['America/Chicago', 'UTC', 'Asia/Kolkata', 'Europe/Berlin']
      const hosts = Array.from({ length: 1 + pick(5) }, (_, at) => ({
        name: `sync${at}`,
        zone: zones[pick(zones.length)] ?? 'UTC',
        files: [''],
      }))
      const written: string[] = []
      for (let count = 0; count < 300; count += 1) {
        now += 1000 * (1 + pick(50))
        const host = hosts[pick(hosts.length)]
        if (host === undefined) throw new Error('no host')
        const fresh = text(local(now, host.zone), `${count}`) + (pick(4) === 0 ? 'Traceback\n  line\n' : '')
        if (pick(10) === 0 && host.files.at(-1) !== '') host.files.push('')
        host.files.push(`${host.files.pop() ?? ''}${fresh}`)
        written.push(fresh.trim())
        if (pick(10) === 0) {
          host.files.push(`${host.files.pop() ?? ''}\nUser reschedule for None returned ${count}\n`)
          written.push(`User reschedule for None returned ${count}`)
        }
      }
      // The whole night of a host in one clock, as its files follow each other.
      const sources = hosts.flatMap(({ name, zone, files }) => {
        let last: number | undefined
        return files
          .filter(file => file !== '')
          .map((file, at) => {
            const before = last
            const open = () =>
              datedRecords([Buffer.from(file)], {
                host: name,
                generation: at,
                final: true,
                clock: wallClock(named(zone), () => before),
                changed: CHANGED,
              })
            const records = [...open()]
            last = records.findLast(({ kind }) => kind === 'line')?.at ?? last
            return { host: name, generation: at, first: records[0]?.key ?? 0, open }
          })
      })
      expect(merged(sources)).toEqual(written)
    },
  )
})

describe('rendering', () => {
  const render = textRenderer(5)
  const shown = (raw: string | Buffer) =>
    Array.from(
      datedRecords([Buffer.from(raw)], {
        host: 'sync2',
        generation: 1,
        final: true,
        clock: wallClock(named('UTC')),
        changed: CHANGED,
      }),
      render,
    )

  it.each<[string, string | Buffer, (string | undefined)[]]>([
    [
      'a line with its traceback',
      '[ERROR   ] 2026-11-22 12:00:01 (tapiriik.sync.worker:906) \tService exception\nTraceback\n  x\n\n',
      [
        '2026-11-22T12:00:01Z sync2 ERROR tapiriik.sync.worker:906 \tService exception\n    Traceback\n      x',
      ],
    ],
    [
      'a trailer',
      '\nUser reschedule for None returned {}\n',
      ['-                    sync2 -     User reschedule for None returned {}'],
    ],
    ['nothing but an empty line', '\n', [undefined]],
    [
      'escapes, bells, bidi and bytes that are no text',
      Buffer.concat([
        Buffer.from('[INFO    ] 2026-11-22 12:00:01 (w:1) \u001b[31m\u0007\u202e\u009b\0\r'),
        Buffer.from([0xff, 0x0d, 0x0a]),
      ]),
      [String.raw`2026-11-22T12:00:01Z sync2 INFO  w:1 \x1b[31m\x07\u202e\x9b\x00\x0d` + '\ufffd'],
    ],
  ])('shows %s', (_, raw, expected) => expect(shown(raw)).toEqual(expected))
})
