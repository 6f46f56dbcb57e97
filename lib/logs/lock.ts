import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { LeaseHeldError } from '../errors.ts'
import { hasCode } from './files.ts'

const BEAT = 3_000
const STALE = 20_000
const POLL = 150

export interface LockOptions {
  readonly signal: AbortSignal
  /** Milliseconds to wait for another process that holds it. */
  readonly wait: number
}

const beatAge = async (path: string): Promise<number> => Date.now() - (await stat(path)).mtimeMs

/** Takes a lock away whose owner has stopped beating. Renamed first: of two who try, one has the fresh lock back. */
async function breakStale(path: string): Promise<void> {
  try {
    if ((await beatAge(path)) < STALE) return
    const aside = `${path}.${randomUUID()}.tmp`
    await rename(path, aside)
    if ((await beatAge(aside)) < STALE) await rename(aside, path)
    else await rm(aside, { force: true })
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

/** A lock file among the processes of this machine. It beats while it is held; a dead owner's is taken over. */
export class Lock {
  readonly #path: string
  readonly #token: string
  readonly #timer: NodeJS.Timeout

  private constructor(path: string, token: string) {
    this.#path = path
    this.#token = token
    this.#timer = setInterval(() => void this.#beat(), BEAT)
    this.#timer.unref()
  }

  /** Waits for the lock; throws LeaseHeldError when another process keeps it for longer than `wait`. */
  static async acquire(path: string, { signal, wait }: LockOptions): Promise<Lock> {
    const token = randomUUID()
    for (let waited = 0; ; waited += POLL) {
      try {
        await writeFile(path, token, { flag: 'wx', mode: 0o600 })
        return new Lock(path, token)
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
      }
      await breakStale(path)
      if (waited >= wait) {
        throw new LeaseHeldError(`another process is writing this mirror (${path})`, {
          hint: 'wait until it has ended, then run the command again',
        })
      }
      await sleep(POLL, undefined, { signal })
    }
  }

  async #beat(): Promise<void> {
    // A failed beat only ages the lock; `assertHeld` notices when it was lost.
    await utimes(this.#path, new Date(), new Date()).catch(() => undefined)
  }

  async #held(): Promise<boolean> {
    return (await readFile(this.#path, 'utf8').catch(() => '')) === this.#token
  }

  /** Throws LeaseHeldError when another process has taken the lock meanwhile (this one was asleep). */
  async assertHeld(): Promise<void> {
    if (await this.#held()) return
    throw new LeaseHeldError(`another process took over this mirror (${this.#path})`, {
      hint: 'run the command again',
    })
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    if (await this.#held()) await rm(this.#path, { force: true })
  }
}
