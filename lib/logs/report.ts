import { messageOf } from '../errors.ts'
import type { HostFetch } from './fetch-host.ts'
import { knownAhead, type Skew } from './skew.ts'
import type { MirroredHost, ReadingNotes } from './source.ts'
import { describeZone } from './zone.ts'

/** A host that answered. `transferred` is every byte that came over the connection. */
export interface HostAnswered {
  readonly host: string
  readonly fetched: HostFetch
  readonly transferred: number
}

/** A host that did not answer, or whose answer could not be used. */
export interface HostMissing {
  readonly host: string
  readonly error: Error
}

export type HostAnswer = HostAnswered | HostMissing

/** Whether a host gave its log. */
export const answered = (answer: HostAnswer): answer is HostAnswered => 'fetched' in answer

const iso = (instant: number): string => `${new Date(instant).toISOString().slice(0, 19)}Z`

const path = (user: string, suffix: number): string => `${user}.log${suffix === 0 ? '' : `.${suffix}`}`

/** Bytes of log that a mirror holds. */
export const heldBytes = ({ cursor }: MirroredHost): number =>
  cursor.generations.reduce((sum, { offset }) => sum + offset, 0)

/** What of a host's answer could not be had; asking again may help. */
export const shortfalls = (user: string, { inspection, postponed }: HostFetch): string[] => [
  ...inspection.unreadable.map(suffix => `${path(user, suffix)} cannot be read`),
  ...(postponed.length === 0 ? [] : [`${postponed.length} files changed while they were read`]),
]

/** What can never be had: lines that were removed on the host before we came, and paths that are no log. */
export function gaps(user: string, mirror: MirroredHost, fetched: HostFetch | undefined): string[] {
  const lost = mirror.cursor.generations.flatMap(({ lostAfter, changed }) =>
    lostAfter === undefined
      ? []
      : [
          `gap: the log last written at ${iso(changed)} was removed or cut after ${iso(lostAfter)}; later lines of it are lost`,
        ],
  )
  const skipped = fetched?.inspection.skipped ?? []
  return [...lost, ...skipped.map(suffix => `${path(user, suffix)} is no regular file: not read`)]
}

/** A clock that is certainly wrong, in words: `clock is 3.20 s ahead (±0.05 s)`. */
export function describeSkew(skew: Skew): string | undefined {
  const ahead = knownAhead(skew)
  if (ahead === 0) return undefined
  const seconds = (milliseconds: number) => (Math.abs(milliseconds) / 1000).toFixed(2)
  return `clock is ${seconds(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'} (±${seconds(skew.error)} s)`
}

/** Remarks on how a host's times were read, for its operator to judge the order by. */
export function timeRemarks(host: string, notes: ReadingNotes, fetched: HostFetch | undefined): string[] {
  const held = notes.held.get(host)
  const guessed = notes.guessed.get(host)
  const zone = fetched?.inspection.zone
  const skew = fetched === undefined ? undefined : describeSkew(fetched.inspection.skew)
  return [
    ...(skew === undefined ? [] : [skew]),
    ...(zone?.kind === 'fixed' && zone.minutes !== 0
      ? [`its zone has no name: all times are read as ${describeZone(zone)}`]
      : []),
    ...(held === undefined ? [] : [`the last line is unfinished: ${held} bytes kept back`]),
    ...(guessed === undefined
      ? []
      : [`${guessed} times lie in an hour that its clock repeats: taken as the first pass`]),
  ]
}

/** One line on a host that is missing: why, and how old what is shown of it is. */
export function describeMissing({ host, error }: HostMissing, mirror: MirroredHost): string {
  const message = messageOf(error)
  const { checked } = mirror.cursor
  const shown =
    checked === null ? 'nothing of it is shown, it was never reached' : `shown as of ${iso(checked)}`
  return `${message.startsWith(`${host}: `) ? message : `${host}: ${message}`} (${shown})`
}
