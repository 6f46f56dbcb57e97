import { isOutOfTime } from '../resource/steps.ts'
import { formatDuration } from '../text/duration.ts'
import { sanitise } from '../text/sanitise.ts'
import type { FleetRun, Part } from './fleet-run.ts'
import { decisive, type HostRun } from './host-run.ts'
import type { Journal, JournalStep } from './journal.ts'

/** What is told of one part of a run. */
export interface PartText {
  /** `failed in step 3 of 7 (unpack big): exit code 2` */
  readonly text: string
  /** The last lines that its step said. */
  readonly output: readonly string[]
  readonly milliseconds: number
}

const total = (journals: readonly Journal[]): number =>
  journals.flatMap(({ steps }) => steps).reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0)

const counted = (count: number): string => `${count} step${count === 1 ? '' : 's'}`

/** `step 3 of 7 (unpack big)` */
const place = (steps: readonly JournalStep[], index: number): string =>
  `step ${index + 1} of ${steps.length} (${steps[index]?.title ?? 'unknown'})`

function endOf({ exitCode = 0, milliseconds = 0, timeout }: JournalStep): string {
  return isOutOfTime(exitCode, milliseconds, timeout)
    ? `ended after its ${timeout} s`
    : `exit code ${exitCode}`
}

function journalText({ state, why, steps }: Journal): Pick<PartText, 'text' | 'output'> {
  const at = steps.findIndex(step => step.state !== 'done')
  const step = steps[at]
  const after = steps.filter(each => each.state === 'done').length
  const output = step?.tail ?? []
  const between = `after ${after} of ${counted(steps.length)}`
  switch (state) {
    case 'done':
      return { text: 'done', output: [] }
    case 'running':
      return {
        text: step?.state === 'running' ? `running ${place(steps, at)}` : `running, ${between}`,
        output,
      }
    case 'failed': {
      const failed = steps.findIndex(each => each.state === 'failed')
      const one = steps[failed]
      // The disk was so full that the script could not even say what it would do next.
      if (one === undefined) return { text: `failed ${between}: no room for its journal`, output: [] }
      return { text: `failed in ${place(steps, failed)}: ${endOf(one)}`, output: one.tail }
    }
    case 'stopped':
      return { text: `stopped ${between}`, output: [] }
    case 'cut':
      return step?.state === 'cut'
        ? { text: `cut off in ${place(steps, at)}: ${why}; how far that step came is unknown`, output }
        : { text: `cut off ${steps.length === 0 ? '' : `${between}: `}${why}`, output: [] }
    case 'unreadable':
      return { text: `unreadable: ${why}`, output: [] }
  }
}

/** The line that it stands in names the host already. */
const firstLine = (reason: string, host: string): string => {
  const line = sanitise(reason.split('\n')[0] ?? '')
  return line.startsWith(`${host}: `) ? line.slice(host.length + 2) : line
}

/** A host that holds something of a run and no step: a swap acts by commands. */
function stepless({ flips = [], record }: HostRun, state: Part['state']): string | undefined {
  const flipped = flips.filter(({ outcome }) => outcome === 'flipped')
  if (flipped.length > 0)
    return flipped.map(({ service, slot }) => `flipped ${service} to ${slot}`).join(', ')
  if (state === 'stopped') return 'stopped before its first step'
  return typeof record === 'string' ? undefined : 'commands, without a journal'
}

/** How a host stands in a run, in words. */
export function partText({ host, state, run, reason }: Part, { ended, record }: FleetRun): PartText {
  const unsaid = state === 'not begun' && ended?.exitCode === 0 ? 'nothing to do there' : state
  if (run === undefined) {
    return {
      text: reason === undefined ? unsaid : `${unsaid}: ${firstLine(reason, host)}`,
      output: [],
      milliseconds: 0,
    }
  }
  const journal = decisive(run)
  const milliseconds = total(run.journals)
  const own = typeof run.record === 'string' && typeof record !== 'string' ? ` (${run.record})` : ''
  if (journal === undefined) return { text: stepless(run, state) ?? unsaid, output: [], milliseconds }
  const { text, output } = journalText(journal)
  const steps = run.journals.flatMap(each => each.steps)
  return {
    text: `${text}${state === 'done' ? `: ${counted(steps.length)}` : ''}${own}`,
    output,
    milliseconds,
  }
}

/** `3.2s`, or `3.2s to 4.1s` where hosts differ; nothing when nobody measured. */
export function spanText(all: readonly number[]): string {
  const [least, most] = [Math.min(...all), Math.max(...all)].map(formatDuration)
  if (Math.max(...all, 0) === 0) return ''
  return least === most ? `, ${least}` : `, ${least} to ${most}`
}
