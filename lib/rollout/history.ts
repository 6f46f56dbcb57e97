import { z } from 'zod'
import type { SlotStates } from '../container/slot-state.ts'
import { messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { rawShell, sh } from '../shell/sh.ts'
import type { Manifest } from './manifest.ts'
import { editionOf, serviceFolder } from './manifest.ts'
import { SLOTS, type Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'

const entrySchema = z
  .object({
    at: z.string(),
    action: z.enum(['deploy', 'rollback', 'flip-back']),
    slot: z.enum(SLOTS),
    edition: z.string().exactOptional(),
    label: z.string().exactOptional(),
  })
  .readonly()

/** A line of a service's history. */
export type HistoryEntry = z.output<typeof entrySchema>

/** What a history says of a release. */
export type ServedRelease = Pick<Manifest, 'release' | 'config' | 'label'>

/** Where a service's state lies on its hosts. */
export const serviceState = (service: string): string => `/var/lib/fleetfile/services/${service}`

/** The file that names what a slot served last, a link to the edition's manifest. */
export const servedLink = (service: string, slot: Slot): string => `${serviceFolder(service)}/${slot}.json`

/**
 * Adds a line to the service's history on its hosts, and notes what the slot serves: a rollback goes back to that,
 * never to a release that was prepared but has served nobody. What is live now is asked of the proxy alone. A host where
 * this fails gets a warning: the traffic has moved by then, and the outcome is told by that.
 */
export async function record(
  { ctx, target }: Swap,
  action: HistoryEntry['action'],
  slot: Slot,
  manifest: ServedRelease | undefined,
  now: Date,
): Promise<void> {
  const entry: HistoryEntry = {
    at: now.toISOString(),
    action,
    slot,
    ...(manifest === undefined ? {} : { edition: editionOf(manifest), label: manifest.label }),
  }
  const folder = serviceState(target.name)
  const link = manifest === undefined ? '' : `${linkCommand(target.name, slot, editionOf(manifest)).text}\n`
  const command = sh`set -e\n${rawShell(link)}mkdir -p ${folder} && cat >>${`${folder}/history.jsonl`}`
  const failed = (error: unknown, host?: FleetHost) => {
    const reason = messageOf(error).replace(host === undefined ? '' : `${host.name}: `, '')
    ctx.warn(`the ${action} is done, but could not be noted in the history: ${reason}`, host)
  }
  try {
    await ctx.each(target.hosts, host =>
      ctx
        .on(host)
        .run(command.input(`${JSON.stringify(entry)}\n`), { root: true })
        .catch((error: unknown) => failed(error, host)),
    )
  } catch (error) {
    // The run was interrupted, so that not every host was tried.
    failed(error)
  }
}

/**
 * What was done last with the service. A host may lack a line that could not be written there, so the latest of all
 * hosts' last lines counts; undefined where there is none.
 */
export async function lastAct({ ctx, target }: Swap): Promise<HistoryEntry | undefined> {
  const file = `${serviceState(target.name)}/history.jsonl`
  const command = sh`[ ! -f ${file} ] || tail -n 1 ${file}`
  const lines = await ctx.each(target.hosts, async host => {
    const { stdout } = await ctx.on(host).read(command, { root: true })
    return parseEntry(stdout.toString('utf8'))
  })
  const [last] = [...lines.values()]
    .filter(entry => entry !== undefined)
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
  return last
}

/** Reads a line of a history; undefined when it is not one. */
export function parseEntry(line: string): HistoryEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

/** Hosts that have not noted what the live slot serves: a deploy was cut off between its flip and its end. */
export const unnoted = (
  { target }: Pick<Swap, 'target'>,
  slot: Slot,
  states: ReadonlyMap<string, SlotStates>,
): readonly FleetHost[] =>
  target.hosts.filter(({ name }) => {
    const { edition, manifest } = states.get(name)?.[slot] ?? {}
    return edition !== undefined && (manifest === undefined || editionOf(manifest) !== edition)
  })

/** Repairs the note of what the live slot serves, where a deploy was cut off between its flip and its end. */
export async function noteServed(
  { ctx, target }: Swap,
  slot: Slot,
  states: ReadonlyMap<string, SlotStates>,
): Promise<void> {
  await ctx.each(unnoted({ target }, slot, states), host => {
    const edition = states.get(host.name)?.[slot].edition ?? ''
    return ctx.on(host).run(linkCommand(target.name, slot, edition), { root: true })
  })
}

const linkCommand = (service: string, slot: Slot, edition: string) =>
  sh`ln -sfn ${`${edition}.json`} ${servedLink(service, slot)}`
