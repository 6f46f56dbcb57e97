import { splitRecords, type RawRecord, type RecordKind } from './record.ts'
import type { WallClock } from './wall-clock.ts'

/** A record placed in time. */
export interface LogRecord {
  readonly kind: RecordKind
  readonly host: string
  /** Number of its file in the host's mirror; later files have larger ones. */
  readonly generation: number
  readonly offset: number
  readonly chunk: Buffer
  readonly start: number
  readonly end: number
  /** The instant it shows, milliseconds since 1970 UTC; a record with no time of its own has its neighbour's. */
  readonly at: number
  /** The instant it is ordered by: never before that of the record before it in its file. */
  readonly key: number
}

export interface DatedOptions {
  readonly host: string
  readonly generation: number
  readonly final: boolean
  readonly clock: WallClock
  /** Milliseconds to take from every time: what the host's clock is ahead. */
  readonly ahead?: number
  /** The instant of records in a file that holds no time at all: its last change. */
  readonly changed: number
  /** Called at the end of the file with the bytes of an unfinished last line that were kept back. */
  readonly ended?: (held: number) => void
}

/** Records kept waiting for the first time in a file; a file with more of them is placed by its last change. */
const WAITING_LIMIT = 10_000

/**
 * The records of one file with their instants. A record without a time (a trailer, a rest) follows the one before it;
 * at the start of a file it goes right before the first that has one.
 */
export function* datedRecords(chunks: Iterable<Buffer>, options: DatedOptions): Generator<LogRecord> {
  const { host, generation, clock, ahead = 0 } = options
  const raw = splitRecords(chunks, { final: options.final })
  let key: number | undefined
  let at = 0
  let waiting: RawRecord[] = []

  const place = ({ kind, offset, chunk, start, end }: RawRecord, time: number, order: number): LogRecord => ({
    kind,
    host,
    generation,
    offset,
    chunk,
    start,
    end,
    at: time,
    key: order,
  })

  for (let step = raw.next(); ; step = raw.next()) {
    if (step.done === true) {
      for (const held of waiting) yield place(held, options.changed, options.changed)
      options.ended?.(step.value)
      return
    }
    const record = step.value
    if (record.wall !== undefined) {
      at = clock.instant(record.wall) - ahead
      key = key === undefined ? at : Math.max(key, at)
    } else if (key === undefined && waiting.length < WAITING_LIMIT) {
      waiting.push(record)
      continue
    } else if (key === undefined) {
      at = options.changed
      key = options.changed
    } else {
      at = key
    }
    for (const held of waiting) yield place(held, key, key)
    if (waiting.length > 0) waiting = []
    yield place(record, at, key)
  }
}
