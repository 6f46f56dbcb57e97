import type { HostFailure } from '../errors.ts'

/** Where a roll-out stands on the hosts of a service, by host name. */
export interface Standing {
  /** What is rolled out, for people: `v2 (0123456789ab)`. */
  readonly what: string
  readonly done: readonly string[]
  readonly failed: readonly HostFailure[]
  /** Could not be reached, and are to be quarantined for it. */
  readonly away: readonly HostFailure[]
  /** Cut off in the middle. */
  readonly interrupted: readonly string[]
  readonly waiting: readonly string[]
}

const names = (failures: readonly HostFailure[]): readonly string[] => failures.map(({ host }) => host)

/** `v2 (0123456789ab) is on sync1; failed: sync2; not begun: sync3`. */
export function describeStanding({ what, done, failed, away, interrupted, waiting }: Standing): string {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['failed', names(failed)],
    ['not reached', names(away)],
    ['in the middle of it', interrupted],
    ['not begun', waiting],
  ]
  return [
    `${what} is on ${done.join(', ') || 'no host yet'}`,
    ...parts.flatMap(([word, hosts]) => (hosts.length === 0 ? [] : [`${word}: ${hosts.join(', ')}`])),
  ].join('; ')
}
