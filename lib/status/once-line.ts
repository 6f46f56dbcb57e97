import { formatAge } from '../text/duration.ts'
import { sanitise } from '../text/sanitise.ts'
import type { OnceState } from './once.ts'

const ago = (seconds: number): string => `${formatAge(seconds * 1000)} ago`

/** `sync scheduler runs once: on sync2 since 5m ago (2026-11-22 12:00:00 UTC), fence 3`. */
export function describeOnce(state: OnceState): string {
  const what = `${state.service} ${state.program} runs once`
  switch (state.state) {
    case 'never':
      return `${what}: on no host so far`
    case 'unknown':
      return sanitise(`${what}: nobody knows where, the database could not be read (${state.reason})`)
    case 'ended':
      return sanitise(
        `${what}: on no host now; it ended on ${state.host} ${ago(state.silent)}, fence ${state.fence}`,
      )
    case 'silent':
      return sanitise(
        `${what}: on no host that answers; ${state.host} was last seen ${ago(state.silent)}, fence ${state.fence}`,
      )
    default: {
      const then = new Date(state.since ?? Number.NaN)
      const known = Number.isNaN(then.getTime())
        ? undefined
        : then.toISOString().slice(0, 19).replace('T', ' ')
      const since = known === undefined ? '' : ` since ${ago(state.held ?? 0)} (${known} UTC)`
      return sanitise(`${what}: on ${state.host}${since}, fence ${state.fence}`)
    }
  }
}
