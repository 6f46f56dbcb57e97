import { writeResults } from '../results.ts'
import type { Run } from './measure.ts'
import type { Goal, Row } from './rows.ts'

/** One measured run of one tool. */
export type Measured = Omit<Run, 'output'> & {
  readonly row: string
  readonly tool: string
  readonly family: string
  readonly round: number
  /** Why it does not count. */
  readonly wrong?: string
}

interface Results {
  readonly rows: readonly Row[]
  readonly versions: ReadonlyMap<string, string>
  readonly measured: readonly Measured[]
  readonly minutes: number
  /** The most hosts that a row was given. */
  readonly hosts: number
}

/** What became of a goal. */
interface Verdict {
  readonly goal: string
  readonly value: string
  readonly met: boolean
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = low] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return (low + high) / 2
}

interface Median {
  readonly tool: string
  readonly family: string
  readonly wall: number
  readonly cpu: number
  readonly memory: number
  readonly rounds: number
}

function medians(measured: readonly Measured[], row: Row): readonly Median[] {
  const good = measured.filter(each => each.row === row.id && each.wrong === undefined)
  return [...new Set(good.map(({ tool }) => tool))].map(tool => {
    const runs = good.filter(each => each.tool === tool)
    return {
      tool,
      family: runs[0]?.family ?? tool,
      wall: median(runs.map(({ wall }) => wall)),
      cpu: median(runs.map(({ cpu }) => cpu)),
      memory: Math.max(...runs.map(({ memory }) => memory)),
      rounds: runs.length,
    }
  })
}

function verdicts(
  goal: Goal,
  row: Row,
  found: readonly Median[],
  measured: readonly Measured[],
): readonly Verdict[] {
  const ours = found.find(({ family }) => family === 'fleet')
  if (ours === undefined) return []
  const ratios = Object.entries(goal.faster ?? {}).flatMap(([family, factor]) =>
    found
      .filter(each => each.family === family)
      .map(({ tool, wall }) => ({
        goal: `${factor}x faster than ${tool}`,
        value: `${(wall / ours.wall).toFixed(1)}x`,
        met: wall / ours.wall >= factor,
      })),
  )
  const cpu = (1000 * ours.cpu) / row.hosts
  const failed = measured.filter(
    each => each.row === row.id && each.family === 'fleet' && each.wrong !== undefined,
  )
  return [
    ...ratios,
    ...(goal.memory === undefined
      ? []
      : [
          {
            goal: `under ${goal.memory} MB`,
            value: `${Math.round(ours.memory)} MB`,
            met: ours.memory < goal.memory,
          },
        ]),
    ...(goal.noFailures === true
      ? [{ goal: 'no failed connection', value: `${failed.length} runs with one`, met: failed.length === 0 }]
      : []),
    ...(goal.cpuPerHost === undefined
      ? []
      : [
          {
            goal: `under ${goal.cpuPerHost} ms a host`,
            value: `${cpu.toFixed(1)} ms`,
            met: cpu < goal.cpuPerHost,
          },
        ]),
  ]
}

function markdown({ rows, versions, measured }: Results, machine: string): string {
  const lines = rows.flatMap(row => {
    const found = medians(measured, row)
    const judged = verdicts(row.goal, row, found, measured)
    return [
      `**${row.title}**${row.hosts === 0 ? '' : ` (${row.hosts} hosts)`}`,
      '',
      '| tool | wall | CPU of the client | largest process | runs |',
      '| --- | --- | --- | --- | --- |',
      ...found.map(
        ({ tool, wall, cpu, memory, rounds }) =>
          `| ${tool} ${versions.get(tool) ?? ''} | ${wall.toFixed(2)} s | ${cpu.toFixed(2)} s | ${Math.round(memory)} MB | ${rounds} |`,
      ),
      '',
      ...judged.map(({ goal, value, met }) => `- ${goal}: ${value}${met ? '' : ' **(missed)**'}`),
      '',
    ]
  })
  return [`Measured on ${machine}.`, '', ...lines].join('\n')
}

/** Writes the results with all raw runs, and the tables beside them. Gives the tables. */
export function report(results: Results): Promise<string> {
  const data = {
    minutes: results.minutes,
    versions: Object.fromEntries(results.versions),
    rows: results.rows.map(row => {
      const found = medians(results.measured, row)
      return { ...row, medians: found, verdicts: verdicts(row.goal, row, found, results.measured) }
    }),
    runs: results.measured,
  }
  return writeResults('rollout', data, machine => markdown(results, machine))
}
