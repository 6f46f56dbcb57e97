import { parseDuration } from '../text/duration.ts'

/**
 * Seconds of a duration, as the database counts; undefined when it is none. The one place where a number without a unit
 * is taken: `fleet users` reads it as seconds.
 */
export function parseSeconds(text: string): number | undefined {
  const milliseconds = parseDuration(/^\d{1,6}$/.test(text) ? `${text}s` : text)
  return milliseconds === undefined ? undefined : milliseconds / 1000
}
