const ZERO = 48
const LEVEL_LIMIT = 32
const TRAILER = Buffer.from('User reschedule for ')
const RETURNED = Buffer.from(' returned ')

/** Days from 1970-01-01 to a civil date (H. Hinnant's days_from_civil); `Date.UTC` is slower by far. */
function days(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Where the time starts in a line of the form `[LEVEL   ] `, or -1. */
function timeStart(bytes: Buffer, from: number, end: number): number {
  if (bytes[from] !== 91) return -1
  const last = Math.min(end, from + LEVEL_LIMIT)
  let at = from + 1
  for (let code = bytes[at] ?? 0; at < last && code >= 65 && code <= 90; code = bytes[at] ?? 0) at += 1
  if (at === from + 1) return -1
  while (at < last && bytes[at] === 32) at += 1
  return bytes[at] === 93 && bytes[at + 1] === 32 ? at + 2 : -1
}

/** Two digits at `at`, or NaN. */
function two(bytes: Buffer, at: number): number {
  const tens = (bytes[at] ?? 0) - ZERO
  const ones = (bytes[at + 1] ?? 0) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

const separated = (bytes: Buffer, at: number): boolean =>
  bytes[at + 4] === 45 &&
  bytes[at + 7] === 45 &&
  bytes[at + 10] === 32 &&
  bytes[at + 13] === 58 &&
  bytes[at + 16] === 58 &&
  bytes[at + 19] === 32

/**
 * The local time of a line that starts a record, `[INFO    ] 2026-11-22 12:00:01 (...`, in milliseconds as if it were
 * UTC; undefined for any other line. `from` to `end` are the line's bytes in `bytes`, without its newline.
 */
export function wallTimeAt(bytes: Buffer, from: number, end: number): number | undefined {
  const at = timeStart(bytes, from, end)
  if (at === -1 || at + 20 > end || !separated(bytes, at)) return undefined
  const day = days(two(bytes, at) * 100 + two(bytes, at + 2), two(bytes, at + 5), two(bytes, at + 8))
  const seconds = two(bytes, at + 11) * 3600 + two(bytes, at + 14) * 60 + two(bytes, at + 17)
  const wall = (day * 86_400 + seconds) * 1000
  return Number.isNaN(wall) ? undefined : wall
}

/** Whether a line is the worker's trailer: `User reschedule for 2026-11-22 14:03:10.512000 returned {...}`. */
export function isTrailer(bytes: Buffer, from: number, end: number): boolean {
  if (end - from < TRAILER.length + RETURNED.length) return false
  if (bytes.compare(TRAILER, 0, TRAILER.length, from, from + TRAILER.length) !== 0) return false
  const returned = bytes.subarray(from, Math.min(end, from + 256)).indexOf(RETURNED)
  return returned !== -1
}
