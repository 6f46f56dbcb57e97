import { clip } from '../text/clip.ts'
import { sanitise } from '../text/sanitise.ts'
import { table } from '../ui/table.ts'
import { commandLine } from './command-line.ts'
import { endState } from './ended.ts'
import type { HistoryEnd, HistoryEntry } from './history.ts'
import { hostsText, type KnownParams } from './runs-table.ts'

/** Nothing of a run that is done; `failed (unhealthy)`, `stopped` or `partial` of another. */
function endText({ exitCode, error = `exit code ${exitCode}` }: HistoryEnd): readonly string[] {
  const state = endState(exitCode)
  if (state === 'done') return []
  return [state === 'failed' ? `failed (${sanitise(error)})` : state]
}

/** `changed 12`, `changed 7, failed (unhealthy)`, `changed 11, stopped`, `failed on web2: unpack big`, `stopped on web1 web2` */
function outcomeText({ outcome, hosts, ended, cut }: HistoryEntry): string {
  const end = ended === undefined ? [] : endText(ended)
  const those = hosts.filter(host => host.outcome === outcome)
  const changed = hosts.reduce((sum, host) => sum + host.changed, 0)
  if (outcome === 'changed') return [`changed ${changed}`, ...end].join(', ')
  if (outcome === 'ran') return end[0] ?? (cut === true ? 'ran, cut off' : 'ran')
  const failed = those.find(host => host.failed !== undefined)?.failed
  const step = failed === undefined ? '' : `: ${sanitise(failed)}`
  return `${outcome} on ${hostsText(those.map(({ host }) => host))}${step}`
}

const timeText = (at: string): string => at.slice(0, 19).replace('T', ' ')

/** The runs of the audit logs, one a line. Times are UTC. */
export const historyTable = (entries: readonly HistoryEntry[], known: KnownParams, width?: number): string =>
  table(
    ['when (UTC)', 'by', 'what', 'why', 'hosts', 'outcome', 'run'],
    entries.map(entry => [
      timeText(entry.at),
      clip(sanitise(entry.owner), 24),
      clip(commandLine(entry, known.get(entry.task)), 40),
      clip(sanitise(entry.message ?? '-'), 30),
      hostsText(entry.hosts.map(({ host }) => host)),
      clip(outcomeText(entry), 50),
      clip(sanitise(entry.run), 64),
    ]),
    width,
  )
