import { formatAge, formatDuration } from '../text/duration.ts'
import { sanitise } from '../text/sanitise.ts'
import type { Param } from '../task/params.ts'
import { commandLine } from './command-line.ts'
import type { FleetRun, Part } from './fleet-run.ts'
import type { RunFlip } from './host-run.ts'
import type { JournalStep } from './journal.ts'
import { goOnHint, isRepeatable } from './retry.ts'
import { partText, spanText } from './part-text.ts'

export interface ShowOptions {
  readonly now: Date
  /** The task's parameters, where it is known here. */
  readonly params?: readonly Param[] | undefined
  /** Every step, not only where it stands. */
  readonly steps?: boolean
}

/** `14m ago (2026-11-22 12:00:00 UTC)` */
function when(iso: string, now: Date): string {
  const then = Date.parse(iso)
  if (Number.isNaN(then)) return 'nobody knows when'
  const utc = new Date(then).toISOString().slice(0, 19).replace('T', ' ')
  return `${formatAge(now.getTime() - then)} ago (${utc} UTC)`
}

const flipLine = ({ service, slot, outcome, at }: RunFlip, now: Date): string =>
  outcome === 'flipped'
    ? `  flipped ${service} to ${slot}, ${when(at, now)}`
    : `  stopped before its flip of ${service} to ${slot}: what served before serves on`

function head({ id, state, record, ended, parts }: FleetRun, { now, params }: ShowOptions): string[] {
  const title = `run ${id}: ${state}`
  if (typeof record === 'string') return [title, `  what it was for is unknown: ${record}`]
  const { owner, startedAt, message, pins } = record
  const stop = parts.find(({ run }) => run?.stop !== undefined)?.run?.stop
  const error = ended?.error === undefined ? '' : ` (${sanitise(ended.error)})`
  return [
    title,
    `  fleet ${commandLine(record, params)}`,
    `  by ${sanitise(owner)}, ${when(startedAt, now)}${message === undefined ? '' : `: ${sanitise(message)}`}`,
    ...Object.entries(pins).map(([name, value]) => `  ${sanitise(name)}: ${sanitise(value)}`),
    ...(stop === undefined ? [] : [`  asked to stop by ${stop.by}, ${when(stop.at, now)}`]),
    ...new Set(parts.flatMap(({ run }) => (run?.flips ?? []).map(flip => flipLine(flip, now)))),
    ...(ended === undefined
      ? []
      : [`  ended ${when(ended.at, now)} with exit code ${ended.exitCode}${error}`]),
  ]
}

function stepLine({ title, state, exitCode, milliseconds }: JournalStep): string {
  const end = state === 'failed' ? `exit code ${exitCode}` : state
  const time = milliseconds === undefined ? '' : `, ${formatDuration(milliseconds)}`
  return `    ${title}: ${end}${time}`
}

const stepLines = ({ run }: Part): string[] => run?.journals.flatMap(({ steps }) => steps.map(stepLine)) ?? []

/** Hosts of which the same is told, together, in the order of the first. */
function groups(run: FleetRun): Map<string, { readonly parts: Part[]; readonly lines: readonly string[] }> {
  const found = new Map<string, { parts: Part[]; lines: readonly string[] }>()
  for (const part of run.parts) {
    const { text, output } = partText(part, run)
    const key = JSON.stringify([text, output])
    const group = found.get(key)
    if (group === undefined) found.set(key, { parts: [part], lines: [text, ...output] })
    else group.parts.push(part)
  }
  return found
}

/** What can be done about it, as commands. */
function next({ id, state, record }: FleetRun): string[] {
  if (typeof record === 'string') return []
  const goOn = goOnHint(record)
  const goesOn = goOn === undefined ? [] : [`go on with it: ${goOn}`]
  switch (state) {
    case 'running':
      return [`stop it after its current step: fleet abort ${id}`, `follow it to its end: fleet resume ${id}`]
    case 'open':
      return [
        'nothing of it runs now, and nobody said that it ended: its operator is between two steps, or gone',
        ...goesOn,
      ]
    case 'failed':
    case 'partial':
    case 'cut':
    case 'stopped':
      return isRepeatable(record)
        ? [...goesOn, `only the hosts that did not get there: fleet retry ${id}`]
        : goesOn
    default:
      return []
  }
}

/** A run for a person: what it was for, how each host stands, and what to do. */
export function showText(run: FleetRun, options: ShowOptions): string {
  const body = [...groups(run).values()].flatMap(({ parts, lines: [text = '', ...output] }) => {
    const [first] = parts
    const times = parts.map(part => partText(part, run).milliseconds)
    return [
      `${parts.map(({ host }) => host).join(', ')}: ${text}${spanText(times)}`,
      ...output.map(line => `  | ${line}`),
      ...(options.steps === true && first !== undefined ? stepLines(first) : []),
    ]
  })
  const after = next(run)
  return `${[...head(run, options), '', ...body, ...(after.length === 0 ? [] : ['', ...after])].join('\n')}\n`
}

/** A run as `--json` data. */
export const showData = ({ id, state, record, parts, ended }: FleetRun) => ({
  id,
  state,
  ...(typeof record === 'string' ? { unreadable: record } : { record }),
  ...(ended === undefined ? {} : { ended }),
  hosts: parts.map(({ host, state: one, reason, run }) => ({
    host,
    state: one,
    ...(reason === undefined ? {} : { reason }),
    ...(run?.stop === undefined ? {} : { stop: run.stop }),
    ...(run?.flips === undefined ? {} : { flips: run.flips }),
    journals: run?.journals ?? [],
  })),
})
