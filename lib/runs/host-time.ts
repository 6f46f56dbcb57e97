/** Milliseconds by which two clocks may differ without a word: the way of an answer takes some of it. */
const CLOSE = 30_000

/**
 * A time that a host wrote down (ISO 8601), by our clock: the host's own may be an hour off. `clock` is what it said when
 * it answered, in seconds since 1970, `now` what ours said, in milliseconds. Clocks that are close, and what is no time,
 * change nothing.
 */
export function byOurClock(written: string, clock: number, now: number): string {
  const ahead = clock * 1000 - now
  const time = Date.parse(written)
  if (!(Math.abs(ahead) > CLOSE) || Number.isNaN(time)) return written
  return new Date(time - ahead).toISOString().replace(/\.\d+Z$/, 'Z')
}
