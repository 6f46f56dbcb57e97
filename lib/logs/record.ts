import { isTrailer, wallTimeAt } from './line.ts'

/**
 * What a record is: a log line with the lines that continue it, the trailer that the sync worker appends after it has
 * closed its log, or a rest: text with no start of its own (a file that begins in the middle, a record cut for size).
 */
export type RecordKind = 'line' | 'trailer' | 'rest'

/** One record of a file: the bytes `start` to `end` of `chunk`, its last newline included. */
export interface RawRecord {
  readonly kind: RecordKind
  readonly chunk: Buffer
  readonly start: number
  readonly end: number
  /** Where it starts in its file. */
  readonly offset: number
  /** Local time, milliseconds as if it were UTC; undefined unless `kind` is `line`. */
  readonly wall: number | undefined
}

export interface SplitOptions {
  /** No more bytes can come, so that a last line without a newline is a whole one. */
  readonly final: boolean
  /** Bytes after which a record is cut, so that no file can fill the memory. 4 MiB unless told. */
  readonly limit?: number
}

const NEWLINE = 10

/** Where the record that a trailer at `line` starts: the empty line that the worker writes before it is part of it. */
function trailerStart(bytes: Buffer, line: number, record: number): number {
  const blank = line - 1
  if (blank < record || bytes[blank] !== NEWLINE) return line
  return blank === record || bytes[blank - 1] === NEWLINE ? blank : line
}

/**
 * The records of one file, in order; together their bytes are the file's. Returns how many bytes of an unfinished last
 * line were kept back. Format: tapiriik's sync/sync.py, `[%(levelname)-8s] %(asctime)s (%(name)s:%(lineno)d) ...`.
 */
export function* splitRecords(
  chunks: Iterable<Buffer>,
  { final, limit = 4 * 1024 * 1024 }: SplitOptions,
): Generator<RawRecord, number> {
  let bytes: Buffer = Buffer.alloc(0)
  let base = 0
  let start = 0
  let line = 0
  let kind: RecordKind = 'rest'
  let wall: number | undefined
  let midLine = false

  const record = (end: number): RawRecord => ({ kind, chunk: bytes, start, end, offset: base + start, wall })

  /** Where a record starts at the present line, if one does; sets what it will be. */
  function next(end: number): { from: number; kind: RecordKind; wall: number | undefined } | undefined {
    if (midLine) return undefined
    const time = wallTimeAt(bytes, line, end)
    if (time !== undefined) return { from: line, kind: 'line', wall: time }
    if (isTrailer(bytes, line, end))
      return { from: trailerStart(bytes, line, start), kind: 'trailer', wall: undefined }
    return undefined
  }

  function* take(end: number): Generator<RawRecord> {
    const found = next(end)
    if (found === undefined) return
    if (found.from > start) yield record(found.from)
    start = found.from
    kind = found.kind
    wall = found.wall
  }

  function* cut(): Generator<RawRecord> {
    const end = line > start ? line : bytes.length
    // An endless line still starts like one.
    if (end !== line) yield* take(end)
    midLine = end !== line
    yield record(end)
    start = end
    line = end
    kind = 'rest'
    wall = undefined
  }

  for (const chunk of chunks) {
    base += start
    bytes = start < bytes.length ? Buffer.concat([bytes.subarray(start), chunk]) : chunk
    line -= start
    start = 0
    for (let end = bytes.indexOf(NEWLINE, line); end !== -1; end = bytes.indexOf(NEWLINE, line)) {
      // Most lines of a traceback start with neither character: no generator for them.
      const first = bytes[line]
      if (first === 91 || first === 85) yield* take(end)
      midLine = false
      line = end + 1
    }
    while (bytes.length - start > limit) yield* cut()
  }
  if (line < bytes.length && final) {
    yield* take(bytes.length)
    line = bytes.length
  }
  if (line > start) yield record(line)
  return bytes.length - line
}
