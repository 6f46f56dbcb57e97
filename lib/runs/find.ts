import { UsageError } from '../errors.ts'
import type { TaskContext } from '../task/context.ts'
import { askHosts, type Answers } from './ask.ts'
import { fleetRuns, type FleetRun } from './fleet-run.ts'
import { commandLine } from './command-line.ts'

const isLike = (id: string, text: string): boolean => id.startsWith(text) || id.endsWith(`-${text}`)

const line = ({ id, record }: FleetRun): string =>
  typeof record === 'string' ? `${id}: ${record}` : `${id}: ${commandLine(record)}, by ${record.owner}`

/** The one run that `text` means. Throws a UsageError when there is none, or more than one. */
export function findRun(runs: readonly FleetRun[], text: string): FleetRun {
  const found = runs.filter(({ id }) => id === text)
  const [run, ...more] = found.length > 0 ? found : runs.filter(({ id }) => isLike(id, text))
  if (run === undefined) {
    throw new UsageError(`no host that answered knows a run ${text}`, { hint: 'fleet runs' })
  }
  if (more.length === 0) return run
  const lines = [run, ...more].map(each => `\n  ${line(each)}`)
  throw new UsageError(`${text} could be any of ${lines.length} runs:${lines.join('')}`, {
    hint: `write more of its id, such as ${run.id}`,
  })
}

/** A run as all hosts hold it, with what did not answer. */
export interface FoundRun {
  readonly run: FleetRun
  readonly answers: Answers
}

/** Asks the chosen hosts for one run. Throws a UsageError when none of them knows it. */
export async function askForRun(
  ctx: Pick<TaskContext, 'on' | 'each' | 'warn' | 'signal' | 'timeout' | 'hosts'>,
  text: string,
): Promise<FoundRun> {
  const answers = await askHosts(ctx, ctx.hosts, { runs: { like: text }, journals: 'whole' })
  return { run: findRun(fleetRuns(answers), text), answers }
}
