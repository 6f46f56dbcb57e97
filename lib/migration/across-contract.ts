import type { HistoryEntry } from '../release/history-entry.ts'

/** All lines of several hosts' histories, each once, oldest first. A host may lack some. */
export function mergedHistory(histories: readonly (readonly HistoryEntry[])[]): readonly HistoryEntry[] {
  const entries = new Map<string, HistoryEntry>()
  for (const entry of histories.flat()) {
    const { late: _late, ...same } = entry
    const key = JSON.stringify(same)
    if (!entries.has(key)) entries.set(key, entry)
  }
  return [...entries.values()].toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/**
 * The contract that a release may not survive: one of another release that ran after this one was last deployed. Undefined
 * where there is none. A rollback that was forced across it makes it no safer.
 */
export function contractAcross(history: readonly HistoryEntry[], edition: string): HistoryEntry | undefined {
  const deployed = history.findLastIndex(
    entry => entry.edition === edition && (entry.action === 'deploy' || entry.action === 'contract'),
  )
  return history.find(
    (entry, index) => index > deployed && entry.action === 'contract' && entry.edition !== edition,
  )
}
