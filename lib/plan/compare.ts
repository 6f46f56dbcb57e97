import type { PlannedChange } from '../events/event.ts'
import { sanitise } from '../text/sanitise.ts'
import type { PlannedHost } from './host-plan.ts'

/** A host whose plan is another one than the reviewed one, and in what. */
export interface Moved {
  readonly host: string
  readonly differences: readonly string[]
}

type Plans = ReadonlyMap<string, Pick<PlannedHost, 'changes' | 'hash'>>

const words = ({ action, detail }: PlannedChange): string => sanitise(`${action} ${detail}`.trimEnd())

const byResource = (changes: readonly PlannedChange[]) =>
  new Map(changes.map(change => [change.resource, change]))

/** What is new, gone and changed between two lists of changes, one line each. */
export function differences(reviewed: readonly PlannedChange[], now: readonly PlannedChange[]): string[] {
  const [before, after] = [byResource(reviewed), byResource(now)]
  const gone = [...before.values()].filter(({ resource }) => !after.has(resource))
  const lines = gone.map(change => `gone: ${sanitise(change.resource)} ${words(change)}`)
  for (const change of after.values()) {
    const name = sanitise(change.resource)
    const old = before.get(change.resource)
    if (old === undefined) lines.push(`new: ${name} ${words(change)}`)
    else if (words(old) !== words(change)) lines.push(`changed: ${name} ${words(old)}, now ${words(change)}`)
    else if (old.diff !== change.diff) lines.push(`changed: ${name} has another content now`)
  }
  return lines
}

/** The hosts that have moved since the plan was reviewed, with what is new, gone and changed. Pure. */
export function movedSince(reviewed: Plans, now: Plans): readonly Moved[] {
  const names = [...new Set([...reviewed.keys(), ...now.keys()])]
  return names.flatMap(host => {
    const [before, after] = [reviewed.get(host), now.get(host)]
    if (before === undefined) return [{ host, differences: ['new: the plan does not know this host'] }]
    if (after === undefined) return [{ host, differences: ['gone: no longer a host of this plan'] }]
    if (before.hash === after.hash) return []
    const lines = differences(before.changes, after.changes)
    return [{ host, differences: lines.length > 0 ? lines : ['changed: the same resources by other steps'] }]
  })
}
