const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
type Unit = keyof typeof UNITS

/** More than 19,000 years are a typing mistake, and no date is that far away. */
const LONGEST = 999_999 * UNITS.w

const isUnit = (text: string): text is Unit => Object.hasOwn(UNITS, text)

/** Milliseconds of `100ms`, `30s`, `5m`, `1.5h`, `3d`, `1w` or `1m30s`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    if (isUnit(unit)) total += Number(amount) * UNITS[unit]
  }
  return total > LONGEST ? undefined : Math.round(total)
}

/** The largest of `units` that is not zero and the one after it, in whole seconds: `2h`, `5m`. */
function largestTwo(milliseconds: number, units: readonly Unit[]): string[] {
  let rest = Math.max(0, Math.round(milliseconds / 1000)) * 1000
  const first = units.findIndex(unit => rest >= UNITS[unit])
  if (first === -1) return []
  return units.slice(first, first + 2).flatMap(unit => {
    const count = Math.floor(rest / UNITS[unit])
    rest -= count * UNITS[unit]
    return count === 0 ? [] : [`${count}${unit}`]
  })
}

/** How long something took: `340ms`, `2.5s`, `1m30s`, `2h5m`. Short, and readable by `parseDuration` again. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)}ms`
  if (milliseconds < 60_000) return `${Number((milliseconds / 1000).toFixed(1))}s`
  return largestTwo(milliseconds, ['h', 'm', 's']).join('')
}

/** How long ago something was: `14m`, `2h 5m`, `3d 4h`. */
export const formatAge = (milliseconds: number): string =>
  largestTwo(milliseconds, ['d', 'h', 'm', 's']).join(' ') || '0s'
