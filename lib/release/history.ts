import { messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { historyFile, nextFile, serviceState, type HistoryEntry } from './history-entry.ts'
import { editionOf, serviceFolder, type Manifest } from './manifest.ts'
import type { Slot } from '../swap/slot.ts'
import type { Swap } from '../swap/swap-target.ts'

/** The file that names what a slot served last, a link to the edition's manifest. */
export const servedLink = (service: string, slot: Slot): string => `${serviceFolder(service)}/${slot}.json`

/** Makes an edition what a slot served last: a rollback goes back to that. */
export const linkCommand = (service: string, slot: Slot, edition: string): Command =>
  sh`ln -sfn ${`${edition}.json`} ${servedLink(service, slot)}`

/** What this run does with a slot, as a line of the history. */
export const entryOf = (
  { ctx }: { readonly ctx: Pick<Swap['ctx'], 'owner' | 'runId' | 'message'> },
  action: HistoryEntry['action'],
  slot: Slot,
  manifest: Manifest | undefined,
  now: Date,
): HistoryEntry => ({
  at: now.toISOString(),
  action,
  slot,
  ...(manifest === undefined ? {} : { edition: editionOf(manifest), label: manifest.label }),
  owner: ctx.owner,
  run: ctx.runId,
  ...(ctx.message === undefined ? {} : { message: ctx.message }),
})

/** Appends a line, with what the slot serves by then, unless the host is none of the slot's. */
export function appendCommand(service: string, entry: HistoryEntry, isOwn = true): Command {
  const { action, slot, edition } = entry
  const links = isOwn && edition !== undefined && action !== 'contract'
  const link = links ? linkCommand(service, slot, edition).text : ''
  return sh`set -e
${rawShell(link)}
mkdir -p ${serviceState(service)} && cat >>${historyFile(service)}
rm -f ${nextFile(service)}`.input(`${JSON.stringify(entry)}\n`)
}

/**
 * Adds a line to the service's history on its hosts, and notes what the slot serves: a rollback goes back to that,
 * never to a release that was prepared but has served nobody. What is live now is asked of the proxy alone. A host where
 * this fails gets a warning, since the traffic has moved by then. Gives the names of these hosts: the result is a partial one.
 */
export async function record(
  swap: Pick<Swap, 'ctx' | 'target' | 'names'>,
  action: HistoryEntry['action'],
  slot: Slot,
  manifest: Manifest | undefined,
  now: Date,
): Promise<readonly string[]> {
  const { ctx, target } = swap
  const entry = entryOf(swap, action, slot, manifest, now)
  const own = new Set(swap.names(slot))
  const failed = (error: unknown, host?: FleetHost) => {
    const reason = messageOf(error).replace(host === undefined ? '' : `${host.name}: `, '')
    ctx.warn(
      `the ${action} is done, but could not be noted in the history; the next run on ${target.name} does it: ${reason}`,
      host,
    )
  }
  const unnoted = new Set(target.hosts.map(({ name }) => name))
  try {
    await ctx.each(target.hosts, host =>
      ctx
        .on(host)
        .run(appendCommand(target.name, entry, own.has(host.name)), { root: true })
        .then(
          () => void unnoted.delete(host.name),
          (error: unknown) => failed(error, host),
        ),
    )
  } catch (error) {
    // The run was interrupted, so that not every host was tried.
    failed(error)
  }
  return [...unnoted]
}
