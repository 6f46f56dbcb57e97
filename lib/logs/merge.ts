import type { LogRecord } from './dated.ts'

/** One file's records, ordered by key. Opened when the merge comes to it, so that few files are open at once. */
export interface Source {
  readonly host: string
  readonly generation: number
  /** The key of its first record. */
  readonly first: number
  open(): Iterator<LogRecord>
}

interface Entry {
  readonly source: Source
  key: number
  head: LogRecord | undefined
  records: Iterator<LogRecord> | undefined
}

/** The total order: instant, host, the host's files in their order. One file's records never meet here. */
function before(a: Entry, b: Entry): boolean {
  if (a.key !== b.key) return a.key < b.key
  if (a.source.host !== b.source.host) return a.source.host < b.source.host
  return a.source.generation < b.source.generation
}

/** Puts the first entry of a binary heap where it belongs. */
function sink(heap: Entry[], from: number): void {
  const entry = heap[from]
  if (entry === undefined) return
  let at = from
  for (;;) {
    const left = heap[2 * at + 1]
    const right = heap[2 * at + 2]
    const child = right !== undefined && left !== undefined && before(right, left) ? right : left
    if (child === undefined || !before(child, entry)) break
    heap[at] = child
    at = child === right ? 2 * at + 2 : 2 * at + 1
  }
  heap[at] = entry
}

/** Moves an entry to its next record; false when it has none. */
function advance(entry: Entry): boolean {
  entry.records ??= entry.source.open()
  const step = entry.records.next()
  if (step.done === true) return false
  entry.head = step.value
  entry.key = step.value.key
  return true
}

/** The records of all files in one order: by instant, then host, then file, then place in the file. */
export function* mergeRecords(sources: readonly Source[]): Generator<LogRecord> {
  const heap: Entry[] = sources.map(source => ({
    source,
    key: source.first,
    head: undefined,
    records: undefined,
  }))
  for (let at = Math.floor(heap.length / 2); at >= 0; at -= 1) sink(heap, at)
  try {
    for (let entry = heap[0]; entry !== undefined; entry = heap[0]) {
      if (entry.head !== undefined) yield entry.head
      if (!advance(entry)) {
        const last = heap.pop()
        if (last === undefined || last === entry) continue
        heap[0] = last
      }
      sink(heap, 0)
    }
  } finally {
    for (const { records } of heap) records?.return?.()
  }
}
