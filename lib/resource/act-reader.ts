import { AbortedError, CommandError, ConnectError, TimeoutError } from '../errors.ts'
import type { EventSink } from '../events/event.ts'
import { tail } from '../text/last-lines.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import type { Frame } from './frames.ts'
import { FrameReader } from './frames.ts'
import { redactor } from './redact.ts'
import { isOutOfTime, STEP_TIMEOUT, type NumberedStep } from './steps.ts'

const TAIL = 10

/** Whose journal it is. */
export interface ActReaderOptions {
  readonly host: string
  readonly runId: string
  readonly steps: readonly NumberedStep[]
  readonly nonce: string
  readonly emit: EventSink
}

/** Follows a journal: makes events of it as it comes, and at the end says how it went. */
export class ActReader {
  readonly #host: string
  readonly #runId: string
  readonly #steps: readonly NumberedStep[]
  readonly #emit: EventSink
  readonly #frames: FrameReader
  readonly #lines = new LineSplitter()
  readonly #redact: (text: string) => string
  readonly #applied: string[] = []
  #current: number | undefined
  #tail: string[] = []
  #failed: number | undefined
  #exitCode = 0
  #milliseconds = 0
  #end: 'done' | 'failed' | 'stopped' | undefined
  #bytes = 0

  constructor({ host, runId, steps, nonce, emit }: ActReaderOptions) {
    this.#host = host
    this.#runId = runId
    this.#steps = steps
    this.#emit = emit
    this.#frames = new FrameReader(nonce)
    this.#redact = redactor(steps.map(({ step }) => step.stdin))
  }

  /** Titles of the steps that have succeeded. */
  get applied(): readonly string[] {
    return this.#applied
  }

  /** Whether the script has said how it ended: by then the host is free for the next one. */
  get ended(): boolean {
    return this.#end !== undefined
  }

  /** Bytes of the journal that were read. */
  get bytes(): number {
    return this.#bytes
  }

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    for (const frame of this.#frames.push(chunk)) this.#take(frame)
    if (this.#frames.atLineEnd) for (const line of this.#lines.end()) this.#output(line)
  }

  /** Throws what the journal's end means; returns when every step has succeeded. */
  finish(stderr: string): void {
    for (const frame of this.#frames.end()) this.#take(frame)
    if (this.#failed !== undefined) throw this.#stepError(this.#failed, this.#exitCode)
    if (this.#end === 'done') return
    if (this.#end === 'stopped') throw this.#stopped()
    const said = tail(this.#redact(stderr), { count: TAIL })
    const where = this.#current === undefined ? '' : ` during ${this.#title(this.#current)}`
    const why = this.#end === 'failed' ? 'no room for its journal' : 'something ended it'
    throw new CommandError(`the run was cut off${where}: ${why}${said}`, {
      host: this.#host,
      hint: `fleet show ${this.#runId}`,
    })
  }

  /** What a connection that is lost and does not come back means at this point. */
  lost(cause: Error): ConnectError {
    const total = this.#steps.length
    const hint = `fleet resume ${this.#runId}`
    const details = { host: this.#host, hint, cause }
    const at =
      this.#current === undefined
        ? `after ${this.#applied.length} of ${total} steps`
        : `during step ${this.#current + 1} of ${total} (${this.#title(this.#current)})`
    return new ConnectError(`connection lost ${at}: it goes on there`, details)
  }

  #stopped(): AbortedError {
    return new AbortedError(`stopped after ${this.#applied.length} of ${this.#steps.length} steps`, {
      host: this.#host,
      hint: `fleet resume ${this.#runId}`,
    })
  }

  #take(frame: Frame): void {
    if (frame.type === 'data') {
      for (const line of this.#lines.push(frame.bytes)) this.#output(line)
      return
    }
    for (const line of this.#lines.end()) this.#output(line)
    const [word, index, code, milliseconds] = frame.words
    if (word === 'begin') this.#begin(Number(index))
    else if (word === 'end') this.#endStep(Number(index), Number(code), Number(milliseconds ?? 0))
    else if (word === 'done' || word === 'failed' || word === 'stopped') this.#end = word
    else if (word === 'unaudited') {
      this.#emit({ type: 'warning', host: this.#host, text: 'no room for a line in its audit log' })
    }
  }

  #begin(index: number): void {
    this.#current = index
    this.#tail = []
    this.#emit({ type: 'step-started', host: this.#host, step: this.#title(index) })
  }

  #output(line: string): void {
    if (line === '' || this.#current === undefined) return
    const text = this.#redact(line.replace(/\r$/, ''))
    this.#tail = [...this.#tail, text].slice(-TAIL)
    this.#emit({ type: 'step-output', host: this.#host, step: this.#title(this.#current), text })
  }

  #endStep(index: number, exitCode: number, milliseconds: number): void {
    const step = this.#title(index)
    this.#current = undefined
    this.#emit({ type: 'step-ended', host: this.#host, step, exitCode, milliseconds })
    if (exitCode === 0) this.#applied.push(step)
    else {
      this.#failed = index
      this.#exitCode = exitCode
      this.#milliseconds = milliseconds
    }
  }

  #title(index: number): string {
    return this.#steps[index]?.step.title ?? 'unknown'
  }

  #stepError(index: number, exitCode: number): CommandError | TimeoutError {
    const resource = this.#steps[index]?.resource ?? 'unknown'
    const title = this.#title(index)
    const what = title === resource ? resource : `${resource}: ${title}`
    const said = tail(this.#tail.join('\n'), { count: TAIL })
    const limit = this.#steps[index]?.step.timeout ?? STEP_TIMEOUT
    if (isOutOfTime(exitCode, this.#milliseconds, limit)) {
      return new TimeoutError(`${what}: ended after ${limit} s${said}`, { host: this.#host })
    }
    return new CommandError(`${what}: exit code ${exitCode}${said}`, { host: this.#host })
  }
}
