import { UsageError } from '../errors.ts'
import { parseDuration } from '../text/duration.ts'
import type { LogRecord } from './dated.ts'

/** Python's levels, from the least; a level that is not among them is always shown. */
export const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const
export type Level = (typeof LEVELS)[number]

export interface Selection {
  /** Milliseconds since 1970. */
  readonly since?: number
  /** The least level; a record without one goes with those around it and is shown as `info`. */
  readonly level?: Level
  /** Only the last so many. */
  readonly tail?: number
}

/**
 * The instant of `--since`, milliseconds since 1970: `90m`, `2h`, `3d` before `now`, or an ISO date or time, in UTC
 * where it names no zone. Throws UsageError for anything else.
 */
export function parseSince(text: string, now: number): number {
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  const [, date, time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  const instant = date === undefined ? Number.NaN : Date.parse(`${date}T${time}${zone}`)
  if (!Number.isNaN(instant)) return instant
  throw new UsageError(`not a time: ${JSON.stringify(text.slice(0, 40))}`, {
    hint: 'write --since 2h, --since 3d, --since 2026-11-20 or --since 2026-11-20T12:00:00Z (UTC)',
  })
}

/** The level of a record in small letters; undefined when it has none. */
export function levelOf({ kind, chunk, start }: LogRecord): string | undefined {
  if (kind !== 'line') return undefined
  const text = chunk.toString('latin1', start + 1, start + 34)
  return text.slice(0, text.search(/[ \]]/)).toLowerCase()
}

const rank = (level: string): number => LEVELS.findIndex(name => name === level)

function shows(record: LogRecord, { since, level }: Selection): boolean {
  if (since !== undefined && record.key < since) return false
  if (level === undefined || record.kind === 'rest') return true
  const own = rank(levelOf(record) ?? 'info')
  return own === -1 || own >= rank(level)
}

function* last(records: Iterable<LogRecord>, count: number): Generator<LogRecord> {
  const ring: LogRecord[] = []
  let seen = 0
  for (const record of records) {
    ring[seen % count] = record
    seen += 1
  }
  for (let at = Math.max(0, seen - count); at < seen; at += 1) {
    const record = ring[at % count]
    if (record !== undefined) yield record
  }
}

/** The records that were asked for, in the order they come. `tail` counts after the other conditions. */
export function* selectRecords(records: Iterable<LogRecord>, selection: Selection): Generator<LogRecord> {
  function* shown() {
    for (const record of records) if (shows(record, selection)) yield record
  }
  const { since, level, tail } = selection
  const all = since === undefined && level === undefined ? records : shown()
  yield* tail === undefined ? all : last(all, tail)
}
