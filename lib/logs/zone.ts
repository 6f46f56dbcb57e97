const MINUTE = 60_000
const DAY = 86_400_000

/** How a host turns its clock into local time: a tz database name, or only the offset of today. */
export type HostZone =
  { readonly kind: 'named'; readonly name: string } | { readonly kind: 'fixed'; readonly minutes: number }

/** What a host says about its zone: where /etc/localtime leads, /etc/timezone, and `date +%z` (`+0530`). */
export interface ZoneClues {
  readonly link: string | undefined
  readonly file: string | undefined
  readonly offset: string
}

/** Milliseconds between an instant and what the zone's wall clock shows then. */
type OffsetAt = (instant: number) => number

function namedOffset(name: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return instant => {
    const part: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(instant)) part[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000
  }
}

const offsetOf = (zone: HostZone): OffsetAt =>
  zone.kind === 'named' ? namedOffset(zone.name) : () => zone.minutes * MINUTE

/** The instants at which the zone's clock shows `wall` (milliseconds, as if it were UTC): one, or two when it repeats. */
export function instantsOf(zone: HostZone): (wall: number) => readonly number[] {
  const offsetAt = offsetOf(zone)
  return wall => {
    const before = offsetAt(wall - DAY)
    const found = [before, offsetAt(wall + DAY)]
      .map(offset => ({ offset, instant: wall - offset }))
      .filter(({ offset, instant }) => offsetAt(instant) === offset)
      .map(({ instant }) => instant)
    // A time that the clock skips in spring: written by something that did not know yet.
    if (found.length === 0) return [wall - before]
    return [...new Set(found)].sort((a, b) => a - b)
  }
}

/** Minutes of `+0530`, or undefined. */
function minutesOf(offset: string): number | undefined {
  const match = /^([+-])(\d\d)(\d\d)$/.exec(offset)
  if (match === null) return undefined
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return match[1] === '-' ? -minutes : minutes
}

function nameIn(clue: string | undefined): string | undefined {
  const name = clue
    ?.split('/zoneinfo/')
    .at(-1)
    ?.replace(/^posix\//, '')
  return name !== undefined && /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name) ? name : undefined
}

function agrees(name: string, minutes: number, instant: number): boolean {
  try {
    return namedOffset(name)(instant) === minutes * MINUTE
  } catch {
    return false
  }
}

/**
 * The zone of a host. A name is taken only when it gives the offset that the host's own `date` gives now, since
 * Debian no longer keeps /etc/timezone up to date; without one, today's offset must do for the past as well.
 */
export function zoneOf(clues: ZoneClues, instant: number): HostZone {
  const minutes = minutesOf(clues.offset) ?? 0
  const name = [nameIn(clues.link), nameIn(clues.file)].find(
    candidate => candidate !== undefined && agrees(candidate, minutes, instant),
  )
  return name === undefined ? { kind: 'fixed', minutes } : { kind: 'named', name }
}

/** The zone in words: `America/Chicago`, `UTC-06:00`. */
export function describeZone(zone: HostZone): string {
  if (zone.kind === 'named') return zone.name
  const size = Math.abs(zone.minutes)
  const two = (value: number) => String(value).padStart(2, '0')
  return `UTC${zone.minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}
