import type { Cursor, Generation } from './cursor.ts'
import { fingerprint, unread } from './fingerprint.ts'
import { identify, vanished } from './identify.ts'
import { inspectHost, type HostFile, type HostRequest, type Inspection } from './inspect.ts'
import { bytesPath, type Mirror } from './mirror.ts'
import { receive } from './receive.ts'
import { SUFFIXES, type Wanted } from './script.ts'
import type { HostZone } from './zone.ts'

/** Generations that a file on the host is compared with: also some that were gone, since a volume may come back. */
const COMPARED = 2 * SUFFIXES

/** What one host gave. */
export interface HostFetch {
  readonly inspection: Inspection
  /** Bytes of log that are new in the mirror (or would be, of a preview). */
  readonly newBytes: number
  /** Sequence numbers of files that changed while they were read; the next fetch has them. */
  readonly postponed: readonly number[]
}

/** A cursor as it is after an inspection, before any byte was fetched, and the bytes that are to come. */
interface Expected {
  readonly cursor: Cursor
  readonly wanted: readonly Wanted[]
}

const seenAs = (generation: Generation, { device, inode, changed, suffix }: HostFile): Generation => {
  const { lostAfter: _, ...rest } = generation
  return { ...rest, device, inode, changed, suffix }
}

const fresh = (sequence: number, file: HostFile, zone: HostZone): Generation => ({
  sequence,
  device: file.device,
  inode: file.inode,
  changed: file.changed,
  suffix: file.suffix,
  zone,
  ...unread(file.headLength, file.head),
})

function expect(cursor: Cursor, { files, zone }: Inspection): Expected {
  const older = cursor.generations.slice(0, -COMPARED)
  const identified = identify(cursor.generations.slice(-COMPARED), files)
  const pairs = [
    ...identified.known,
    ...identified.fresh.map((file, at) => ({ generation: fresh(cursor.next + at, file, zone), file })),
  ]
  return {
    cursor: {
      ...cursor,
      next: cursor.next + identified.fresh.length,
      generations: [
        ...older,
        ...pairs.map(({ generation, file }) =>
          file === undefined ? vanished(generation, cursor.checked) : seenAs(generation, file),
        ),
      ],
    },
    wanted: pairs.flatMap(({ generation, file }) =>
      file === undefined || file.size <= generation.offset
        ? []
        : [
            {
              sequence: generation.sequence,
              device: file.device,
              inode: file.inode,
              from: generation,
              end: file.size,
            },
          ],
    ),
  }
}

const inspect = async (request: HostRequest, cursor: Cursor): Promise<Inspection> =>
  inspectHost(
    request,
    new Map(cursor.generations.slice(-COMPARED).map(generation => [generation.sequence, generation])),
  )

const total = (wanted: readonly Wanted[]): number =>
  wanted.reduce((sum, { from, end }) => sum + end - from.offset, 0)

/** What a fetch would bring, in one execution; writes nothing. */
export async function previewHost(request: HostRequest, cursor: Cursor): Promise<HostFetch> {
  const inspection = await inspect(request, cursor)
  return { inspection, newBytes: total(expect(cursor, inspection).wanted), postponed: [] }
}

async function fetchOnce(request: HostRequest, mirror: Mirror): Promise<HostFetch> {
  const inspection = await inspect(request, mirror.cursor)
  const { cursor, wanted } = expect(mirror.cursor, inspection)
  const { ended, error } =
    wanted.length === 0
      ? { ended: new Map<number, string>(), error: undefined }
      : await receive(request, mirror, wanted)
  const whole = new Map<number, Partial<Generation>>()
  for (const { sequence, end } of wanted) {
    if (!ended.has(sequence)) continue
    const print = await fingerprint(bytesPath(mirror.directory, sequence), end)
    // Another hash on the host: the file was rewritten while it was read.
    if (print.anchor === ended.get(sequence)) whole.set(sequence, print)
  }
  await mirror.save({
    ...cursor,
    checked: error === undefined ? request.now() : mirror.cursor.checked,
    generations: cursor.generations.map(generation => ({ ...generation, ...whole.get(generation.sequence) })),
  })
  if (error !== undefined) throw error
  return {
    inspection,
    newBytes: total(wanted.filter(({ sequence }) => whole.has(sequence))),
    postponed: wanted.filter(({ sequence }) => !whole.has(sequence)).map(({ sequence }) => sequence),
  }
}

/**
 * Brings a host's mirror up to date: one execution when nothing is new, two when something is, and two more at most
 * when a file was rotated or cut between them. Rejects with what the transport rejects with, or CommandError; what had
 * come whole by then is in the mirror.
 */
export async function fetchHost(request: HostRequest, mirror: Mirror): Promise<HostFetch> {
  const first = await fetchOnce(request, mirror)
  if (first.postponed.length === 0) return first
  const second = await fetchOnce(request, mirror)
  return { ...second, newBytes: first.newBytes + second.newBytes }
}
