import type { EventSink } from '../events/event.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { FrameReader } from '../resource/frames.ts'
import { followJournal } from '../resource/follow.ts'
import { runnerFor } from '../resource/program.ts'
import type { TaskContext } from '../task/context.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import { journalHeaderSchema } from './record.ts'

type FollowContext = Pick<TaskContext, 'on' | 'emit' | 'signal'>

/** Makes events of a journal that comes in chunks: each step as it begins, speaks and ends. */
export class JournalFollower {
  readonly #host: string
  readonly #emit: EventSink
  readonly #lines = new LineSplitter()
  #head = Buffer.alloc(0)
  #frames: FrameReader | undefined
  #titles: readonly string[] = []
  #step: string | undefined

  constructor(host: string, emit: EventSink) {
    this.#host = host
    this.#emit = emit
  }

  push(chunk: Uint8Array): void {
    if (this.#frames === undefined) {
      this.#head = Buffer.concat([this.#head, chunk])
      const end = this.#head.indexOf(10)
      if (end === -1) return
      if (this.#begin(this.#head.toString('utf8', 0, end))) this.push(this.#head.subarray(end))
      return
    }
    for (const frame of this.#frames.push(chunk)) {
      if (frame.type === 'data') this.#say(this.#lines.push(frame.bytes))
      else {
        this.#say(this.#lines.end())
        this.#mark(frame.words)
      }
    }
    if (this.#frames.atLineEnd) this.#say(this.#lines.end())
  }

  #begin(line: string): boolean {
    try {
      const header = journalHeaderSchema.parse(JSON.parse(line))
      this.#titles = header.steps.map(({ title }) => title)
      this.#frames = new FrameReader(header.nonce)
      return true
    } catch {
      // A journal of another version is waited for all the same.
      return false
    }
  }

  #say(lines: readonly string[]): void {
    for (const text of lines) {
      if (this.#step !== undefined && text !== '')
        this.#emit({ type: 'step-output', host: this.#host, step: this.#step, text })
    }
  }

  #mark([word, index, exitCode, milliseconds]: readonly string[]): void {
    const step = this.#titles[Number(index)]
    if (step === undefined) return
    if (word === 'begin') {
      this.#step = step
      this.#emit({ type: 'step-started', host: this.#host, step })
    } else if (word === 'end') {
      this.#step = undefined
      this.#emit({
        type: 'step-ended',
        host: this.#host,
        step,
        exitCode: Number(exitCode),
        milliseconds: Number(milliseconds),
      })
    }
  }
}

/** Shows a journal from its beginning until the script that holds it is gone. Says nothing of how it ended. */
export async function watchJournal(
  ctx: FollowContext,
  host: FleetHost,
  id: string,
  journal: string,
): Promise<void> {
  const transport = await ctx.on(host).transport()
  const follower = new JournalFollower(host.name, ctx.emit)
  const place = { runId: id, journal: journal.replace('.journal', ''), from: 0 }
  const work = followJournal(transport, runnerFor(transport.user, true), place, chunk => {
    follower.push(chunk)
    return ctx.signal.aborted
  })
  const gone = new Promise<void>(resolve =>
    ctx.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  await Promise.race([work, gone])
  ctx.signal.throwIfAborted()
}
