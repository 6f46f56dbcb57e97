import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { CommandError, ConfigError, messageOf, UsageError } from '../errors.ts'
import { printable } from '../text/printable.ts'

const lockSchema = z.object({
  host: z.string().nullable(),
  worker: z.number(),
  startedAt: z.string().nullable(),
})

const headerSchema = z.object({
  type: z.literal('plan'),
  version: z.literal(1),
  run: z.string(),
  fleet: z.string(),
  database: z.string(),
  change: z.discriminatedUnion('action', [
    z.object({ action: z.literal('unlock') }),
    z.object({ action: z.literal('resync'), exhaustive: z.boolean() }),
  ]),
  selection: z.string(),
  who: z.string(),
  reason: z.string().nullable(),
  at: z.string(),
  users: z.number(),
})

const resultSchema = z.object({
  type: z.literal('result'),
  user: z.string(),
  outcome: z.enum(['done', 'changed', 'not-found', 'failed', 'in-doubt', 'held', 'unchanged']),
  detail: z.string().optional(),
  at: z.string(),
})

const lineSchema = z.discriminatedUnion('type', [
  headerSchema,
  z.object({
    type: z.literal('user'),
    id: z.string(),
    version: z.object({ lock: lockSchema.nullable(), nextSync: z.string().nullable() }),
  }),
  /** The plan is complete up to here; without it nothing has been written yet. */
  z.object({ type: z.literal('sealed') }),
  z.object({ type: z.literal('resumed'), who: z.string(), reason: z.string().nullable(), at: z.string() }),
  /** The run stopped by itself: nothing was under way any more. */
  z.object({ type: z.literal('stopped'), at: z.string() }),
  resultSchema,
])

export type ReceiptHeader = z.output<typeof headerSchema>
export type ReceiptLine = z.output<typeof lineSchema>
export type UserResult = z.output<typeof resultSchema>

/** Where a run's receipt lies. Throws UsageError for a run id that is no plain name. */
export function receiptPath(state: string, fleet: string, run: string): string {
  if (!/^[0-9a-z][0-9a-z-]{0,63}$/i.test(run)) throw new UsageError(`"${printable(run, 40)}" is no run id`)
  return join(state, 'users', encodeURIComponent(fleet), `${run}.ndjson`)
}

const unwritable = (path: string) => (cause: unknown) => {
  throw new CommandError(`cannot write the receipt ${path}: ${messageOf(cause)}`, {
    hint: 'make room for it, or write access; no user is written without a receipt',
    cause,
  })
}

/** What a run was to do and has done, as lines that are only ever added. Readable by its owner alone. */
export class Receipt {
  readonly path: string
  readonly #file: FileHandle

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /** Starts a receipt; one that exists already is never written over. */
  static async create(path: string): Promise<Receipt> {
    const make = async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      return open(path, 'ax', 0o600)
    }
    return new Receipt(path, await make().catch(unwritable(path)))
  }

  /** Opens a receipt to add to it. A last line that was cut short by a crash goes first. */
  static async reopen(path: string): Promise<Receipt> {
    const trim = async () => {
      const bytes = await readFile(path)
      const file = await open(path, 'a', 0o600)
      await file.truncate(bytes.lastIndexOf('\n') + 1)
      return file
    }
    return new Receipt(path, await trim().catch(unwritable(path)))
  }

  /** Adds lines and returns when they are on the disk. */
  async append(lines: readonly ReceiptLine[]): Promise<void> {
    const text = lines.map(line => `${JSON.stringify(line)}\n`).join('')
    await this.#file.appendFile(text).catch(unwritable(this.path))
    await this.#file.datasync().catch(unwritable(this.path))
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** The lines of a receipt. Throws UsageError when there is none. */
export async function readReceipt(path: string, run: string): Promise<readonly ReceiptLine[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`no run "${run}" on this machine`, { hint: `ls ${dirname(path)}`, cause })
  })
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line, index) => {
      try {
        return lineSchema.parse(JSON.parse(line))
      } catch (cause) {
        throw new ConfigError(`${path}: line ${index + 1} is no line of a receipt`, { cause })
      }
    })
}
