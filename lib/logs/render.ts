import type { LogRecord } from './dated.ts'

/** A record as data, for `--json`: text as it was written, decoded as UTF-8. */
export interface RecordData {
  readonly kind: LogRecord['kind']
  /** ISO 8601 in UTC; null for a record that has no time of its own. */
  readonly time: string | null
  readonly host: string
  readonly level: string | null
  /** Logger and line: `tapiriik.sync.worker:906`. */
  readonly source: string | null
  readonly message: string
  readonly continuation: readonly string[]
}

const HEADER = /^\[([A-Z]+) *\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:\(([^()]*)\) ?)?(.*)$/s

/** Control characters but the tab, and those that turn or hide text: a log must not steer a terminal. */
const UNSAFE =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g

const escaped = (char: string): string => {
  const code = char.charCodeAt(0)
  return code < 256
    ? String.raw`\x${code.toString(16).padStart(2, '0')}`
    : String.raw`\u${code.toString(16).padStart(4, '0')}`
}

/** The same text with everything that could steer a terminal made visible: `\x1b[31m`. */
export const sanitise = (text: string): string => text.replaceAll(UNSAFE, escaped)

/** A record's lines, without line ends and without the empty lines around it. */
function linesOf({ chunk, start, end }: LogRecord): string[] {
  const text = chunk.toString('utf8', start, end)
  const lines = text.split('\n').map(line => (line.endsWith('\r') ? line.slice(0, -1) : line))
  while (lines.at(-1) === '') lines.pop()
  while (lines[0] === '') lines.shift()
  return lines
}

interface Fields {
  readonly level: string | undefined
  readonly source: string | undefined
  readonly message: string
  readonly continuation: readonly string[]
}

function recordFields(record: LogRecord): Fields | undefined {
  const [first, ...continuation] = linesOf(record)
  if (first === undefined) return undefined
  const [, level, source, message = first] = (record.kind === 'line' ? HEADER.exec(first) : null) ?? []
  return { level, source, message, continuation }
}

/** A record as data; undefined for one that holds nothing but empty lines. */
export function recordData(record: LogRecord): RecordData | undefined {
  const fields = recordFields(record)
  if (fields === undefined) return undefined
  const { level = null, source = null, message, continuation } = fields
  return {
    kind: record.kind,
    time: record.kind === 'line' ? new Date(record.at).toISOString() : null,
    host: record.host,
    level,
    source,
    message,
    continuation,
  }
}

const NO_TIME = '-'.padEnd(20)

/**
 * Turns records into lines of text: `2026-11-22T12:00:01Z sync2 INFO  tapiriik.sync.worker:906 message`, continuation
 * lines indented. Times are UTC; a `-` stands for one that the log does not have. `width` is that of the host column.
 */
export function textRenderer(width: number): (record: LogRecord) => string | undefined {
  let second = Number.NaN
  let time = ''
  const timeOf = (instant: number): string => {
    const floor = Math.floor(instant / 1000)
    if (floor !== second) {
      second = floor
      time = `${new Date(floor * 1000).toISOString().slice(0, 19)}Z`
    }
    return time
  }
  return record => {
    const data = recordFields(record)
    if (data === undefined) return undefined
    const { level, source, message, continuation } = data
    const stamp = record.kind === 'line' ? timeOf(record.at) : NO_TIME
    const head = `${stamp} ${record.host.padEnd(width)} ${(level ?? '-').padEnd(5)} `
    const text = source === undefined ? message : `${source} ${message}`
    const rest = continuation.map(line => `\n    ${sanitise(line)}`).join('')
    return `${head}${sanitise(text)}${rest}`
  }
}
