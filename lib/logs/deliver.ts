import { setImmediate as turn } from 'node:timers/promises'
import { AbortedError, UsageError } from '../errors.ts'
import { fileProblem } from '../text/file-problem.ts'
import type { LogRecord } from './dated.ts'
import { AtomicFile } from './files.ts'
import { recordData, textRenderer, type RecordData } from './render.ts'

/** Records a write: enough for few writes, few enough for Ctrl-C to come through. */
const BATCH = 500

export interface Delivery {
  readonly records: Iterable<LogRecord>
  /** Width of the host column. */
  readonly width: number
  readonly signal: AbortSignal
}

/** Renders records and hands on batches of lines, without a newline at the end. Throws AbortedError on `signal`. */
export async function deliver(
  { records, width, signal }: Delivery,
  write: (text: string) => Promise<void> | void,
): Promise<void> {
  const render = textRenderer(width)
  let lines: string[] = []
  const flush = async () => {
    if (lines.length > 0) await write(lines.join('\n'))
    lines = []
    await turn()
    if (signal.aborted) throw new AbortedError('interrupted')
  }
  for (const record of records) {
    const text = render(record)
    if (text === undefined) continue
    lines.push(text)
    if (lines.length >= BATCH) await flush()
  }
  await flush()
}

/** Writes records to a file (0600) that appears when it is complete. Throws UsageError when it cannot be written there. */
export async function deliverTo(path: string, delivery: Delivery): Promise<void> {
  const refuse = (cause: unknown): never => {
    throw new UsageError(`cannot write ${path}: ${fileProblem(cause)}`, {
      hint: 'give --out a file in a folder of yours',
      cause,
    })
  }
  const file = await AtomicFile.create(path).catch(refuse)
  try {
    await deliver(delivery, text => file.write(`${text}\n`))
    await file.commit().catch(refuse)
  } finally {
    await file.discard()
  }
}

/** Records for `--json`, read from the mirrors only when they are turned into JSON: nobody else pays for them. */
export class RecordList {
  readonly #records: () => Iterable<LogRecord>

  constructor(records: () => Iterable<LogRecord>) {
    this.#records = records
  }

  toJSON(): RecordData[] {
    return Array.from(this.#records(), recordData).filter(data => data !== undefined)
  }
}
