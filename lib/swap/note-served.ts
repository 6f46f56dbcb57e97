import type { SlotStates } from '../container/slot-state.ts'
import { sh } from '../shell/sh.ts'
import { appendCommand, linkCommand } from '../release/history.ts'
import { latest, nextFile, type HistoryEntry } from '../release/history-entry.ts'
import { editionOf } from '../release/manifest.ts'
import type { Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'

const tells = (entry: HistoryEntry | undefined, slot: Slot, edition: string | undefined): boolean =>
  entry?.slot === slot && (entry.edition === undefined || edition === undefined || entry.edition === edition)

/**
 * What was done last with the service, given what serves. A run that was cut off after its flip has left no line: what
 * it was about to do is known from the line that it had announced, or from another host; else only that `edition` serves.
 */
export function lastAct(
  states: ReadonlyMap<string, SlotStates>,
  live: Slot,
  edition: string | undefined,
  now: Date,
): HistoryEntry | undefined {
  const all = [...states.values()]
  const found = latest(all.flatMap(({ last }) => (last && tells(last, live, edition) ? [last] : [])))
  if (found !== undefined) return found
  if (edition === undefined) return undefined
  const next = latest(all.flatMap(each => (each.next && tells(each.next, live, edition) ? [each.next] : [])))
  return { ...(next ?? { at: now.toISOString(), action: 'deploy', slot: live, edition }), late: true }
}

/**
 * Whether a deploy was cut off between its flip and its end: a host has not noted what the live slot serves. After a
 * rollback there is nothing to watch for.
 */
export function wasCutOff(
  { target }: Pick<Swap, 'target'>,
  slot: Slot,
  states: ReadonlyMap<string, SlotStates>,
): boolean {
  const unnoted = target.hosts.flatMap(({ name }) => {
    const { edition, manifest } = states.get(name)?.[slot] ?? {}
    return edition !== undefined && (manifest === undefined || editionOf(manifest) !== edition)
      ? [edition]
      : []
  })
  const [edition] = unnoted
  return edition !== undefined && lastAct(states, slot, edition, new Date(0))?.action !== 'rollback'
}

/**
 * Repairs the notes of what the live slot serves, where a run was cut off between its flip and its end: the line in the
 * history, and where a rollback finds it. Gives what was done last. `known` are hosts that are asked besides.
 */
export async function noteServed(
  { ctx, target }: Swap,
  slot: Slot,
  states: ReadonlyMap<string, SlotStates>,
  now: Date,
  known: ReadonlyMap<string, SlotStates> = new Map(),
): Promise<HistoryEntry | undefined> {
  const { name } = target
  const all = new Map([...known, ...states])
  const [edition] = [...states.values()].flatMap(state => state[slot].edition ?? [])
  const last = lastAct(all, slot, edition, now)
  if (ctx.planOnly) return last
  await ctx.each(target.hosts, async host => {
    const state = states.get(host.name)
    const own = state?.[slot].edition
    if (state === undefined || own === undefined) return
    const linked = state[slot].manifest
    if (!tells(state.last, slot, own)) {
      const line = last?.edition === own ? last : { at: now.toISOString(), action: 'deploy' as const, slot }
      await ctx.on(host).run(appendCommand(name, { ...line, edition: own, late: true }), { root: true })
      ctx.note(`what ${slot} serves was not in the history: noted now`, host)
    } else if (linked === undefined || editionOf(linked) !== own) {
      await ctx.on(host).run(linkCommand(name, slot, own), { root: true })
    } else if (state.next !== undefined) {
      // Of a run that ended before its flip.
      await ctx.on(host).run(sh`rm -f ${nextFile(name)}`, { root: true })
    }
  })
  return last
}
