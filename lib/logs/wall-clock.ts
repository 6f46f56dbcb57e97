import { instantsOf, type HostZone } from './zone.ts'

const MINUTE = 60_000

/** Lines of several threads may come this much out of order; a larger step back is the clock's. Milliseconds. */
const JITTER = 5_000

/** Turns the local times of one file, in file order, into instants (milliseconds since 1970 UTC). */
export interface WallClock {
  instant(wall: number): number
  /** Times in a repeated hour that nothing before them placed; they count as its first pass. */
  readonly guessed: number
}

/**
 * A reader of local times. In the hour that a zone repeats in autumn, file order decides: the second pass starts where
 * the time steps back. `before` gives the last instant of the host's previous file and is asked only when needed.
 */
export function wallClock(zone: HostZone, before: () => number | undefined = () => undefined): WallClock {
  const resolve = instantsOf(zone)
  let minute = Number.NaN
  let choices: readonly number[] = []
  let previous: number | undefined
  let guessed = 0

  function choose(second: number): number {
    const [first = 0, last] = choices
    if (last === undefined) return first + second
    previous ??= before()
    if (previous === undefined) guessed += 1
    return previous === undefined || first + second >= previous - JITTER ? first + second : last + second
  }

  return {
    instant(wall) {
      const at = Math.floor(wall / MINUTE) * MINUTE
      if (at !== minute) {
        minute = at
        choices = resolve(at)
      }
      const instant = choose(wall - at)
      previous = instant
      return instant
    },
    get guessed() {
      return guessed
    },
  }
}
