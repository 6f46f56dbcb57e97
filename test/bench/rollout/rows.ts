/** What a tool has to do in a row. */
export type Work = 'apply' | 'command'

/** A goal: so many times faster than the tool of that family, or a limit of our own. */
export interface Goal {
  readonly faster?: Readonly<Record<string, number>>
  /** Megabytes of the largest process. */
  readonly memory?: number
  /** Milliseconds of CPU for each host. */
  readonly cpuPerHost?: number
  readonly noFailures?: boolean
}

export type RowId = 'nothing' | 'far' | 'files' | 'command' | 'many' | 'cpu'

export interface Row {
  readonly id: RowId
  readonly title: string
  readonly work: Work
  readonly hosts: number
  /** Hosts behind a proxy that adds 50 ms to each round trip. */
  readonly far?: boolean
  /** All files get new content before each run. */
  readonly changes?: boolean
  /** Only these, where the others would add minutes and no answer. */
  readonly families?: readonly string[]
  readonly goal: Goal
}

/** The table of goals, in issue order: what is measured, and against whom. */
export const ROWS: readonly Row[] = [
  {
    id: 'nothing',
    title: 'nothing to change, 50 resources, 10 hosts',
    work: 'apply',
    hosts: 10,
    goal: { faster: { ansible: 100, mitogen: 50, pyinfra: 12 } },
  },
  {
    id: 'far',
    title: 'the same with 50 ms round trips',
    work: 'apply',
    hosts: 10,
    far: true,
    goal: { faster: { ansible: 150, mitogen: 60, pyinfra: 30 } },
  },
  {
    id: 'files',
    title: '25 files change on 10 hosts',
    work: 'apply',
    hosts: 10,
    changes: true,
    goal: { faster: { ansible: 50, mitogen: 25, pyinfra: 8 } },
  },
  {
    id: 'command',
    title: 'one command on 60 hosts',
    work: 'command',
    hosts: 60,
    goal: { faster: { fabric: 1, clush: 3 } },
  },
  {
    id: 'many',
    title: 'one command on 200 hosts (50 machines with 4 ports each)',
    work: 'command',
    hosts: 200,
    families: ['fleet', 'fabric', 'clush'],
    goal: { memory: 200, noFailures: true },
  },
  {
    id: 'cpu',
    title: 'CPU of the client, nothing to change, 60 hosts',
    work: 'apply',
    hosts: 60,
    families: ['fleet'],
    goal: { cpuPerHost: 15 },
  },
]
