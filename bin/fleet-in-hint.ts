import { quote } from '../lib/shell/quote.ts'
import { tasks } from '../tasks/index.ts'

const NAMES = new Set(tasks.map(({ name }) => name))
const COMMAND = /\bfleet ([a-z-]+)( [a-z]+)?/g

/**
 * A hint whose commands name the fleet that the operator named, so that they do not reach for the default one when they
 * are pasted. A hint that names a fleet already stays as it is.
 */
export function nameFleet(hint: string, named: string | undefined): string {
  if (named === undefined || hint.includes('--fleet')) return hint
  return hint.replaceAll(COMMAND, (all, first: string, second = '') => {
    const option = `--fleet ${quote(named)}`
    if (NAMES.has(`${first}${second}`)) return `${all} ${option}`
    return NAMES.has(first) ? `fleet ${first} ${option}${second}` : all
  })
}
