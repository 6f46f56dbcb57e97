import type { Answers } from './ask.ts'
import { fleetRuns } from './fleet-run.ts'
import type { AuditLine, RunRecord } from './record.ts'

/** What one run came to on one host. */
export interface HostOutcome {
  readonly host: string
  readonly outcome: AuditLine['outcome']
  /** Steps that succeeded, of all its scripts. */
  readonly changed: number
  /** The step that failed. */
  readonly failed?: string
}

/** How a run ended as a whole: its exit code, and the code of its error. */
export interface HistoryEnd {
  readonly exitCode: number
  readonly error?: string
}

/** One run as the hosts' audit logs tell it. */
export interface HistoryEntry {
  readonly run: string
  /** ISO 8601: when it began by its operator's clock, or, where no host holds its record, its first line. */
  readonly at: string
  readonly task: string
  readonly params: RunRecord['params']
  readonly on: readonly string[]
  readonly owner: string
  readonly message?: string
  readonly hosts: readonly HostOutcome[]
  /** The worst of its hosts. */
  readonly outcome: AuditLine['outcome']
  /** How the run ended as a whole, where its client could still say so. */
  readonly ended?: HistoryEnd
  /** Its client was lost while commands of it ran on a host: nobody knows how these ended. */
  readonly cut?: true
  /** Services that its record names: `release web` is pinned. */
  readonly services: readonly string[]
}

/** The last word of a run's client. Hosts' clocks differ, but a run that was done once is never reopened. */
function endOf(hosts: Iterable<readonly AuditLine[]>): HistoryEnd | undefined {
  const ends = [...hosts].flatMap(lines => {
    const { exitCode, error } = lines.findLast(line => line.exitCode !== undefined) ?? {}
    return exitCode === undefined ? [] : [{ exitCode, ...(error === undefined ? {} : { error }) }]
  })
  return ends.find(({ exitCode }) => exitCode === 0) ?? ends[0]
}

const isCut = ({ exitCode, error }: AuditLine): boolean => exitCode === undefined && error === 'cut'

const WEIGHT: readonly AuditLine['outcome'][] = ['failed', 'stopped', 'changed', 'ran']

/** The last line tells how it ended; that commands ran as well is less than what a plan changed. */
function outcomeOn(host: string, lines: readonly AuditLine[]): HostOutcome {
  const last = lines.findLast(({ outcome }) => outcome !== 'ran') ?? lines.at(-1)
  const changed = lines.reduce((sum, line) => sum + line.changed, 0)
  return {
    host,
    outcome: last?.outcome ?? 'ran',
    changed,
    ...(last?.failed === undefined ? {} : { failed: last.failed }),
  }
}

/** `20261122T120000123-3f9a` begins with its operator's time; those of older releases do without the milliseconds. */
function timeOf(id: string): string | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})?-/.exec(id)
  if (parts === null) return undefined
  const [, year, month, day, hours, minutes, seconds, milliseconds = '000'] = parts
  const time = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${milliseconds}Z`)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}

function isTime(text: string): boolean {
  return !Number.isNaN(Date.parse(text))
}

/** `release web` is a decision about the service `web`. */
const servicesOf = (record: RunRecord | undefined): string[] =>
  Object.keys(record?.pins ?? {}).flatMap(name => (name.startsWith('release ') ? [name.slice(8)] : []))

/** Puts the audit lines of all hosts together, run by run, newest first. Host clocks tear no run apart. */
export function historyOf(answers: Answers): readonly HistoryEntry[] {
  const records = new Map(
    fleetRuns(answers).flatMap(({ id, record }) => (typeof record === 'string' ? [] : [[id, record]])),
  )
  const byRun = new Map<string, Map<string, AuditLine[]>>()
  for (const [host, { audit }] of answers.hosts) {
    for (const line of audit) {
      const hosts = byRun.get(line.run) ?? new Map<string, AuditLine[]>()
      byRun.set(line.run, hosts.set(host, [...(hosts.get(host) ?? []), line]))
    }
  }
  const entries = [...byRun].flatMap(([run, hosts]) => {
    const lines = [...hosts.values()].flat()
    const [first] = lines.toSorted((a, b) => (a.at < b.at ? -1 : 1))
    if (first === undefined) return []
    const record = records.get(run)
    const times = [record?.startedAt, timeOf(run), first.at].flatMap(time => time ?? [])
    const outcomes = [...hosts].map(([host, own]) => outcomeOn(host, own))
    const { task, params, owner } = record ?? first
    const ended = endOf(hosts.values())
    const message = record?.message ?? lines.find(line => line.message !== undefined)?.message
    return {
      run,
      at: new Date(times.find(isTime) ?? 0).toISOString(),
      task,
      params,
      on: record?.on ?? [],
      owner,
      ...(message === undefined ? {} : { message }),
      hosts: outcomes,
      outcome: WEIGHT.find(each => outcomes.some(({ outcome }) => outcome === each)) ?? 'ran',
      ...(ended === undefined ? {} : { ended }),
      ...(ended === undefined && lines.some(isCut) ? { cut: true as const } : {}),
      services: servicesOf(record),
    }
  })
  return entries.toSorted((a, b) => (a.at === b.at ? (a.run < b.run ? 1 : -1) : a.at < b.at ? 1 : -1))
}

/** What an operator asks the history for. */
export interface HistoryFilter {
  /** Milliseconds since 1970. */
  readonly since?: number | undefined
  readonly service?: string | undefined
  /** `ann`, or the whole `ann@laptop`. */
  readonly by?: string | undefined
}

const isAbout = ({ params, services }: HistoryEntry, service: string): boolean =>
  services.includes(service) ||
  Object.values(params).flat().includes(service) ||
  (params.service === 'all' && services.length === 0)

const isBy = ({ owner }: HistoryEntry, by: string): boolean => owner === by || owner.split('@')[0] === by

/** The entries of an owner, of a service, since a time: of each where it is asked for. */
export const filterHistory = (
  entries: readonly HistoryEntry[],
  { since, service, by }: HistoryFilter,
): readonly HistoryEntry[] =>
  entries.filter(
    entry =>
      (since === undefined || !(Date.parse(entry.at) < since)) &&
      (service === undefined || isAbout(entry, service)) &&
      (by === undefined || isBy(entry, by)),
  )
