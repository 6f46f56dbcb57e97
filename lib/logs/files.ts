import { randomBytes } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Whether an error is the system's, with this code: `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/** Writes a folder's entries to disk, so that a new or renamed file in it survives a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A file (0600) that appears under its name only when it is complete. */
export class AtomicFile {
  readonly #path: string
  readonly #temporary: string
  #handle: FileHandle | undefined

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#handle = handle
  }

  static async create(path: string): Promise<AtomicFile> {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
    return new AtomicFile(path, temporary, await open(temporary, 'wx', 0o600))
  }

  async write(text: string): Promise<void> {
    await this.#handle?.appendFile(text)
  }

  /** Puts the file in its place, on disk. */
  async commit(): Promise<void> {
    await this.#handle?.sync()
    await this.#handle?.close()
    this.#handle = undefined
    await rename(this.#temporary, this.#path).catch(async (error: unknown) => {
      await rm(this.#temporary, { force: true })
      throw error
    })
    await syncDirectory(dirname(this.#path))
  }

  /** Removes what was written, unless it was committed. */
  async discard(): Promise<void> {
    if (this.#handle === undefined) return
    await this.#handle.close()
    this.#handle = undefined
    await rm(this.#temporary, { force: true })
  }
}
