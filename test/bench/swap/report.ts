import { writeResults } from '../results.ts'
import type { Commands } from './commands.ts'
import { failedOf, requestsOf, type Load } from './load.ts'

/** A way under load. `skipped` says why it was not measured. */
export interface Swapped extends Partial<Load> {
  readonly way: string
  readonly swaps: number
  readonly skipped?: string
}

export interface Results {
  readonly swapped: readonly Swapped[]
  readonly commands?: Commands
  /** Lines of other rows, as they are. */
  readonly more: readonly string[]
  readonly versions: Readonly<Record<string, string>>
  readonly minutes: number
}

const GOAL_RATE = 1000

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? NaN

function loadLines({ way, swaps, seconds, met, skipped }: Swapped): readonly string[] {
  if (seconds === undefined || met === undefined) return [`| ${way} | ${skipped ?? ''} | | | | | |`]
  const requests = requestsOf({ seconds, met })
  const failed = met.reduce((sum, each) => sum + failedOf(each), 0)
  const kept = met.find(({ kind }) => kind === 'keep-alive')
  const of = met.map(each => `${failedOf(each)} ${each.kind}`).join(', ')
  return [
    `| ${way} | ${swaps} | ${requests} | ${Math.round(requests / seconds)} | **${failed}** | ${of} | ${kept?.p50.toFixed(1)} / ${kept?.p99.toFixed(1)} ms |`,
  ]
}

function goals({ swapped, commands }: Results): readonly string[] {
  const said = (goal: string, value: string, met: boolean) =>
    `- ${goal}: ${value}${met ? '' : ' **(missed)**'}`
  const [ours] = swapped.filter(({ way, met }) => way.startsWith('fleet') && met !== undefined)
  const lines: string[] = []
  if (ours?.met !== undefined && ours.seconds !== undefined) {
    const failed = ours.met.reduce((sum, each) => sum + failedOf(each), 0)
    const rate = requestsOf({ seconds: ours.seconds, met: ours.met }) / ours.seconds
    lines.push(
      said(`no failed request in ${ours.swaps} swaps`, String(failed), failed === 0),
      said(`at ${GOAL_RATE} requests a second or more`, String(Math.round(rate)), rate >= GOAL_RATE),
    )
  }
  if (commands !== undefined) {
    const back = median(commands.rollbacks)
    const over = median(commands.overheads)
    lines.push(
      said(
        'a warm rollback under 1 s from the command to the last proxy',
        `${Math.round(back)} ms`,
        back < 1000,
      ),
      said(
        'a swap of 2 hosts with the image there under 3 s beside health checks and watch',
        `${(over / 1000).toFixed(1)} s (of ${(median(commands.swaps) / 1000).toFixed(1)} s in all)`,
        over < 3000,
      ),
    )
  }
  return lines
}

function markdown(results: Results, machine: string): string {
  const { swapped, more } = results
  const table = [
    '| way | swaps | requests | a second | failed | of these | keep-alive p50 / p99 |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...swapped.flatMap(loadLines),
    '',
  ]
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `Measured on ${machine}, with ${versions.join(', ')}. The service ends at once when it is told to stop, as most programs do.`,
    '',
    ...(swapped.length === 0 ? [] : table),
    ...goals(results),
    '',
    ...more,
  ].join('\n')
}

/** Writes the figures, and the tables beside them. Gives the tables. */
export const report = (results: Results): Promise<string> =>
  writeResults('swap', results, machine => markdown(results, machine))
