import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError, messageOf } from '../errors.ts'
import { AtomicFile, hasCode } from './files.ts'

const count = z.int().nonnegative()
const sum = z.string().regex(/^[0-9a-f]{64}$/)
const decimal = z.string().regex(/^\d{1,20}$/)

const zone = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('named'), name: z.string() }),
  z.strictObject({ kind: z.literal('fixed'), minutes: z.int() }),
])

const generation = z.strictObject({
  sequence: count,
  device: decimal,
  inode: decimal,
  /** Bytes that the mirror holds: the next fetch starts here. */
  offset: count,
  headLength: count,
  head: sum,
  anchorLength: count,
  anchor: sum,
  /** Milliseconds since 1970, by the host's clock. */
  changed: z.number(),
  /** The zone that its times were written in. */
  zone,
  /** The number in its name when it was last seen; null once the host no longer has it. */
  suffix: count.nullable(),
  /** It vanished while it was the newest: what came after this instant (ours, milliseconds) is unknown. */
  lostAfter: z.number().optional(),
})

const cursor = z.strictObject({
  version: z.literal(1),
  /** When the host was last asked, by our clock; milliseconds since 1970. */
  checked: z.number().nullable(),
  next: count,
  generations: z.array(generation),
})

/** One file of a host, rotated or not, as far as it is in the mirror. Oldest first in a cursor. */
export type Generation = z.output<typeof generation>

/** What a host's mirror holds. Never says more than what is safely on disk. */
export type Cursor = z.output<typeof cursor>

export const EMPTY_CURSOR: Cursor = { version: 1, checked: null, next: 1, generations: [] }

const NAME = 'cursor.json'

/** The cursor in a mirror's folder, empty when there is none. Throws ConfigError when it cannot be understood. */
export async function readCursor(directory: string): Promise<Cursor> {
  const path = join(directory, NAME)
  try {
    return cursor.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return EMPTY_CURSOR
    throw new ConfigError(`cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
      hint: `start this host's mirror anew: mv ${directory} ${directory}.broken`,
    })
  }
}

/** Saves a cursor, after the data that it speaks of. */
export async function saveCursor(directory: string, value: Cursor): Promise<void> {
  const file = await AtomicFile.create(join(directory, NAME))
  try {
    await file.write(`${JSON.stringify(value, null, 1)}\n`)
    await file.commit()
  } finally {
    await file.discard()
  }
}
