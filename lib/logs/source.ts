import { chunksOf } from './chunks.ts'
import type { Cursor, Generation } from './cursor.ts'
import { datedRecords, type LogRecord } from './dated.ts'
import type { Source } from './merge.ts'
import { bytesPath } from './mirror.ts'
import { wallClock } from './wall-clock.ts'

/** Enough for the first record of nearly every file. */
const PEEK = 16 * 1024

/** One host's mirror, ready to be read. */
export interface MirroredHost {
  readonly host: string
  readonly directory: string
  readonly cursor: Cursor
  /** Milliseconds to take from its times. */
  readonly ahead: number
}

/** What reading the mirrors has shown; complete once the merge has come to its end. */
export interface ReadingNotes {
  /** Bytes of an unfinished last line, by host. */
  readonly held: Map<string, number>
  /** Times in a repeated hour that nothing placed, by host. */
  readonly guessed: Map<string, number>
}

/** The generations of one host as sources; those that ended before `since` (milliseconds, our clock) are left out. */
function hostSources(
  { host, directory, cursor, ahead }: MirroredHost,
  since: number,
  notes: ReadingNotes,
): Source[] {
  const generations = cursor.generations.filter(({ offset }) => offset > 0)
  const lasts = new Map<number, number | undefined>()

  const add = (counts: Map<string, number>, more: number) => {
    if (more > 0) counts.set(host, (counts.get(host) ?? 0) + more)
  }

  function read(at: number, generation: Generation, size?: number, noting = true): Generator<LogRecord> {
    const clock = wallClock(generation.zone, () => lastInstant(at - 1))
    return datedRecords(chunksOf(bytesPath(directory, generation.sequence), generation.offset, size), {
      host,
      generation: generation.sequence,
      final: generation.suffix !== 0,
      clock,
      ahead,
      changed: generation.changed - ahead,
      ended: held => {
        if (!noting) return
        add(notes.held, held)
        add(notes.guessed, clock.guessed)
      },
    })
  }

  /** The last instant of a generation, by the host's clock: only asked for in the hour that a zone repeats. */
  function lastInstant(at: number): number | undefined {
    const generation = generations[at]
    if (generation === undefined) return undefined
    if (!lasts.has(at)) {
      let last: number | undefined
      for (const record of read(at, generation, undefined, false))
        if (record.kind === 'line') last = record.at + ahead
      lasts.set(at, last)
    }
    return lasts.get(at)
  }

  return generations.flatMap((generation, at) => {
    // A file's times end at its last change, which the file system keeps to the second.
    if (generation.changed + 1000 - ahead < since) return []
    const peek = read(at, generation, PEEK, false)
    const first = peek.next()
    peek.return(undefined)
    // Nothing but an unfinished line.
    if (first.done === true) {
      add(notes.held, generation.offset)
      return []
    }
    return [
      {
        host,
        generation: generation.sequence,
        first: first.value.key,
        open: () => read(at, generation),
      },
    ]
  })
}

/** Every mirrored file as a source for the merge. `notes` is filled while they are read. */
export function sourcesOf(
  hosts: readonly MirroredHost[],
  since = Number.NEGATIVE_INFINITY,
): { readonly sources: readonly Source[]; readonly notes: ReadingNotes } {
  const notes: ReadingNotes = { held: new Map(), guessed: new Map() }
  return { sources: hosts.flatMap(host => hostSources(host, since, notes)), notes }
}
