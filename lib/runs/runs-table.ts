import { clip } from '../text/clip.ts'
import { formatAge } from '../text/duration.ts'
import { sanitise } from '../text/sanitise.ts'
import type { Param } from '../task/params.ts'
import { table } from '../ui/table.ts'
import { commandLine } from './command-line.ts'
import type { FleetRun, PartState, RunState } from './fleet-run.ts'

/** The parameters of a task that is known here, by its name. */
export type KnownParams = ReadonlyMap<string, readonly Param[]>

const NAMED = 3

/** `web1 web2 web3`, `web1 web2 web3 +4` */
export const hostsText = (hosts: readonly string[]): string =>
  [...hosts.slice(0, NAMED), ...(hosts.length > NAMED ? [`+${hosts.length - NAMED}`] : [])].join(' ') || '-'

const UNKNOWN: readonly PartState[] = ['unreachable', 'no answer']

/** `failed: web2`, `done`, `done, unknown: web3`. */
export function stateText(state: RunState, parts: FleetRun['parts']): string {
  const named = (states: readonly PartState[]) =>
    parts.filter(part => states.includes(part.state)).map(({ host }) => host)
  const those = state === 'done' || state === 'open' ? [] : named([state])
  const unknown = named(UNKNOWN)
  const where = those.length === 0 || those.length === parts.length ? '' : `: ${hostsText(those)}`
  return `${state}${where}${unknown.length === 0 ? '' : `, unknown: ${hostsText(unknown)}`}`
}

/** The runs, one a line. */
export function runsTable(runs: readonly FleetRun[], known: KnownParams, now: Date, width?: number): string {
  return table(
    ['run', 'task', 'by', 'when', 'why', 'hosts', 'state'],
    runs.map(({ id, record, parts, state }) => {
      const where = hostsText(parts.map(({ host }) => host))
      if (typeof record === 'string')
        return [id, `(${record})`, '-', '-', '-', where, stateText(state, parts)]
      const age = now.getTime() - Date.parse(record.startedAt)
      return [
        id,
        clip(commandLine(record, known.get(record.task)), 40),
        clip(sanitise(record.owner), 24),
        Number.isNaN(age) ? '-' : `${formatAge(age)} ago`,
        clip(sanitise(record.message ?? '-'), 30),
        where,
        stateText(state, parts),
      ]
    }),
    width,
  )
}
