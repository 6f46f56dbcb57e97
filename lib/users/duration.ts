const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds of `90s`, `10m`, `2h`, `7d`, `1w` or a bare number of seconds; undefined when it is none of them. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6})([smhdw]?)$/.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * (SECONDS[match[2] || 's'] ?? 1)
}

/** A time span in its two largest units: `14m`, `2h 5m`, `3d 4h`. */
export function showDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const
  const first = units.findIndex(([, size]) => whole >= size)
  if (first === -1) return '0s'
  let rest = whole
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(rest / size)
      rest -= count * size
      return count === 0 ? '' : `${count}${unit}`
    })
    .filter(Boolean)
    .join(' ')
}
