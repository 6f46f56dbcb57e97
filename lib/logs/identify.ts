import type { Generation } from './cursor.ts'
import type { HostFile } from './inspect.ts'

/** A known file as the host has it now; `file` is undefined when the host no longer has it. */
export interface Identified {
  readonly generation: Generation
  readonly file: HostFile | undefined
}

export interface Identification {
  readonly known: readonly Identified[]
  /** Files that were never seen, oldest first. Empty ones wait until they have bytes that identify them. */
  readonly fresh: readonly HostFile[]
}

/**
 * Tells which file on the host is which in the mirror. A name means nothing: rotation moves it on, and an inode number
 * is used again. A file is a known one when it has its head and its bytes before the known offset; the inode decides
 * only between two of those (`cp app.log app.log.1` before the truncation). The copy is then no file of its own.
 */
export function identify(generations: readonly Generation[], files: readonly HostFile[]): Identification {
  const claimed = new Set<HostFile>()
  const found = new Map<number, HostFile>()
  const claim = (generation: Generation, isIt: (file: HostFile) => boolean) => {
    if (found.has(generation.sequence)) return
    const file = files.find(
      candidate =>
        !claimed.has(candidate) && candidate.continues.includes(generation.sequence) && isIt(candidate),
    )
    if (file === undefined) return
    claimed.add(file)
    found.set(generation.sequence, file)
  }
  for (const generation of generations)
    claim(generation, file => file.inode === generation.inode && file.device === generation.device)
  for (const generation of generations) claim(generation, () => true)
  return {
    known: generations.map(generation => ({ generation, file: found.get(generation.sequence) })),
    fresh: files
      .filter(file => !claimed.has(file) && file.size > 0 && file.continues.length === 0)
      .toSorted((a, b) => b.suffix - a.suffix),
  }
}

/**
 * A generation after an inspection that did not find it. One that had been rotated had come to its end; the newest one
 * may have been written to after we last looked, and those lines are lost.
 */
export const vanished = (generation: Generation, checked: number | null): Generation => ({
  ...generation,
  suffix: null,
  ...(generation.suffix === 0 && checked !== null ? { lostAfter: checked } : {}),
})
