import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { mkdir, readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../errors.ts'
import { readCursor, saveCursor, type Cursor, type Generation } from './cursor.ts'
import { hasCode, syncDirectory } from './files.ts'
import { fingerprint, unread } from './fingerprint.ts'
import { Lock, type LockOptions } from './lock.ts'

function pathPart(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name
  throw new ConfigError(`cannot name a folder after ${JSON.stringify(name)}`)
}

/** The folder that holds the mirrors of one user, a folder for each host in it. */
export const userDirectory = (state: string, fleet: string, user: string): string =>
  join(state, 'logs', pathPart(fleet), pathPart(user))

/** Where one host's part of a user's mirror lies. */
export const hostDirectory = (userFolder: string, host: string): string => join(userFolder, pathPart(host))

/** The raw bytes of one generation in a host's folder. */
export const bytesPath = (directory: string, sequence: number): string =>
  join(directory, `${String(sequence).padStart(6, '0')}.raw`)

/** A generation as it is on disk: a crash, or a disk that lost bytes, may have left more or less than the cursor says. */
async function repaired(directory: string, generation: Generation): Promise<Generation> {
  const path = bytesPath(directory, generation.sequence)
  const size = await stat(path).then(
    ({ size: bytes }) => bytes,
    error => {
      if (hasCode(error, 'ENOENT')) return 0
      throw error
    },
  )
  if (size > generation.offset) await truncate(path, generation.offset)
  const anew = { ...generation, ...unread(generation.headLength, generation.head) }
  if (size === 0) return anew
  const held = await fingerprint(path, Math.min(size, generation.offset))
  if (held.offset === generation.offset && held.anchor !== generation.anchor) return anew
  return { ...generation, ...held }
}

/**
 * The mirror of one user's files on one host, held by us alone until `close`. Folders are 0700, files 0600. Data is on
 * disk before the cursor says so, and bytes beyond the cursor are cut off when it is opened.
 */
export class Mirror {
  readonly directory: string
  readonly #lock: Lock
  #cursor: Cursor

  private constructor(directory: string, lock: Lock, cursor: Cursor) {
    this.directory = directory
    this.#lock = lock
    this.#cursor = cursor
  }

  get cursor(): Cursor {
    return this.#cursor
  }

  static async open(directory: string, options: LockOptions): Promise<Mirror> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const lock = await Lock.acquire(join(directory, 'lock'), options)
    try {
      const cursor = await readCursor(directory)
      const named = new Set(cursor.generations.map(({ sequence }) => bytesPath(directory, sequence)))
      for (const name of await readdir(directory)) {
        const path = join(directory, name)
        if ((name.endsWith('.raw') && !named.has(path)) || name.endsWith('.tmp')) await rm(path)
      }
      const generations: Generation[] = []
      for (const generation of cursor.generations) generations.push(await repaired(directory, generation))
      return new Mirror(directory, lock, { ...cursor, generations })
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** Opens a generation to write from `offset` on. Writes are at once and in order; `close` puts them on disk. */
  writer(sequence: number, offset: number): MirrorWriter {
    return new MirrorWriter(bytesPath(this.directory, sequence), offset)
  }

  /** Saves what the mirror holds now. Every writer must be closed. */
  async save(cursor: Cursor): Promise<void> {
    await syncDirectory(this.directory)
    await this.#lock.assertHeld()
    await saveCursor(this.directory, cursor)
    this.#cursor = cursor
  }

  async close(): Promise<void> {
    await this.#lock.release()
  }
}

/** Appends to one generation's bytes. Synchronous: the transport hands out chunks and waits for nobody. */
export class MirrorWriter {
  readonly path: string
  readonly #descriptor: number
  #offset: number

  constructor(path: string, offset: number) {
    this.path = path
    this.#offset = offset
    this.#descriptor = openSync(path, offset === 0 ? 'w' : 'r+', 0o600)
  }

  get offset(): number {
    return this.#offset
  }

  write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length;) {
      const count = writeSync(this.#descriptor, bytes, written, bytes.length - written, this.#offset)
      written += count
      this.#offset += count
    }
  }

  close(): void {
    try {
      fsyncSync(this.#descriptor)
    } finally {
      closeSync(this.#descriptor)
    }
  }
}
