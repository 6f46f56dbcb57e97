import type { SlotStates } from '../container/slot-state.ts'
import { rawShell, sh } from '../shell/sh.ts'
import type { Manifest } from './manifest.ts'
import { editionOf, serviceFolder } from './manifest.ts'
import type { Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'

/** A line of a service's history. */
export interface HistoryEntry {
  readonly at: string
  readonly action: 'deploy' | 'rollback' | 'flip-back'
  readonly slot: Slot
  readonly edition?: string
  readonly label?: string
}

/** The file that names what a slot served last, a link to the edition's manifest. */
export const servedLink = (service: string, slot: Slot): string => `${serviceFolder(service)}/${slot}.json`

/**
 * Adds a line to the service's history on its hosts, and notes what the slot serves: a rollback goes back to that,
 * never to a release that was prepared but has served nobody. What is live now is asked of the proxy alone.
 */
export async function record(
  { ctx, target }: Swap,
  action: HistoryEntry['action'],
  slot: Slot,
  manifest: Manifest | undefined,
  now: Date,
): Promise<void> {
  const entry: HistoryEntry = {
    at: now.toISOString(),
    action,
    slot,
    ...(manifest === undefined ? {} : { edition: editionOf(manifest), label: manifest.label }),
  }
  const folder = `/var/lib/fleetfile/services/${target.name}`
  const link = manifest === undefined ? '' : `${linkCommand(target.name, slot, editionOf(manifest)).text}\n`
  const command = sh`set -e\n${rawShell(link)}mkdir -p ${folder} && cat >>${`${folder}/history.jsonl`}`
  await ctx.each(target.hosts, host =>
    ctx.on(host).run(command.input(`${JSON.stringify(entry)}\n`), { root: true }),
  )
}

/** Repairs the note of what the live slot serves, where a deploy was cut off between its flip and its end. */
export async function noteServed(
  { ctx, target }: Swap,
  slot: Slot,
  states: ReadonlyMap<string, SlotStates>,
): Promise<void> {
  const wrong = target.hosts.filter(({ name }) => {
    const { edition, manifest } = states.get(name)?.[slot] ?? {}
    return edition !== undefined && (manifest === undefined || editionOf(manifest) !== edition)
  })
  await ctx.each(wrong, host => {
    const edition = states.get(host.name)?.[slot].edition ?? ''
    return ctx.on(host).run(linkCommand(target.name, slot, edition), { root: true })
  })
}

const linkCommand = (service: string, slot: Slot, edition: string) =>
  sh`ln -sfn ${`${edition}.json`} ${servedLink(service, slot)}`
