import { AbortedError, CommandError, ConnectError, LeaseHeldError, TimeoutError } from '../errors.ts'
import type { EventSink } from '../events/event.ts'
import { tail } from '../text/last-lines.ts'
import { LineSplitter } from '../text/line-splitter.ts'
import { sanitise } from '../text/sanitise.ts'
import type { ExecResult } from '../transport/transport.ts'
import type { NumberedStep } from './act.ts'
import type { Frame } from './frames.ts'
import { FrameReader } from './frames.ts'
import { redactor } from './redact.ts'

const TAIL = 10
const TIMED_OUT = new Set([124, 137])

/** Follows an acting program's output: makes events of it as it comes, and at the end says how it went. */
export class ActReader {
  readonly #host: string
  readonly #steps: readonly NumberedStep[]
  readonly #emit: EventSink
  readonly #frames: FrameReader
  readonly #lines = new LineSplitter()
  readonly #redact: (text: string) => string
  readonly #applied: string[] = []
  #current: number | undefined
  #tail: string[] = []
  #failed: number | undefined
  #held: string[] | undefined
  #done = false

  constructor(host: string, steps: readonly NumberedStep[], nonce: string, emit: EventSink) {
    this.#host = host
    this.#steps = steps
    this.#emit = emit
    this.#frames = new FrameReader(nonce)
    this.#redact = redactor(steps.map(({ step }) => step.stdin))
  }

  /** Titles of the steps that have succeeded. */
  get applied(): readonly string[] {
    return this.#applied
  }

  push(chunk: Uint8Array): void {
    for (const frame of this.#frames.push(chunk)) this.#take(frame)
    if (this.#frames.atLineEnd) for (const line of this.#lines.end()) this.#output(line)
  }

  /** Throws what the program's end means; returns when every step has succeeded. */
  finish(result: ExecResult): void {
    for (const frame of this.#frames.end()) this.#take(frame)
    if (this.#held) throw this.#heldError(this.#held)
    if (this.#failed !== undefined) throw this.#stepError(this.#failed, this.#exitCode)
    if (this.#done) return
    const said = tail(this.#redact(result.stderr.toString('utf8')), { count: TAIL })
    const where = this.#current === undefined ? '' : ` during ${this.#title(this.#current)}`
    throw new CommandError(`the run stopped${where}: exit code ${result.exitCode}${said}`, {
      host: this.#host,
    })
  }

  /** What a lost connection means at this point. */
  lost(cause: Error): ConnectError {
    const total = this.#steps.length
    const hint = 'run it again: what is done stays done'
    const details = { host: this.#host, hint, cause }
    if (this.#current !== undefined) {
      const at = `step ${this.#current + 1} of ${total} (${this.#title(this.#current)})`
      return new ConnectError(`connection lost during ${at}: its state is unknown`, details)
    }
    return new ConnectError(`connection lost after ${this.#applied.length} of ${total} steps`, details)
  }

  /** What it means that the operator stopped the run at this point. */
  stopped(cause: Error): AbortedError {
    const total = this.#steps.length
    const at =
      this.#current === undefined
        ? `after ${this.#applied.length} of ${total} steps`
        : `during step ${this.#current + 1} of ${total} (${this.#title(this.#current)}), which goes on to its end there`
    return new AbortedError(`stopped ${at}`, { host: this.#host, cause })
  }

  #exitCode = 0

  #take(frame: Frame): void {
    if (frame.type === 'data') {
      for (const line of this.#lines.push(frame.bytes)) this.#output(line)
      return
    }
    for (const line of this.#lines.end()) this.#output(line)
    const [word, index, code, milliseconds] = frame.words
    if (word === 'begin') this.#begin(Number(index))
    else if (word === 'end') this.#end(Number(index), Number(code), Number(milliseconds ?? 0))
    else if (word === 'held') this.#held = []
    else if (word === 'done') this.#done = true
  }

  #begin(index: number): void {
    this.#current = index
    this.#tail = []
    this.#emit({ type: 'step-started', host: this.#host, step: this.#title(index) })
  }

  #output(line: string): void {
    if (line === '') return
    if (this.#held) this.#held.push(sanitise(line))
    if (this.#current === undefined) return
    const text = this.#redact(line.replace(/\r$/, ''))
    this.#tail = [...this.#tail, text].slice(-TAIL)
    this.#emit({ type: 'step-output', host: this.#host, step: this.#title(this.#current), text })
  }

  #end(index: number, exitCode: number, milliseconds: number): void {
    const step = this.#title(index)
    this.#current = undefined
    this.#exitCode = exitCode
    if (exitCode === 0) this.#applied.push(step)
    else this.#failed = index
    this.#emit({ type: 'step-ended', host: this.#host, step, exitCode, milliseconds })
  }

  #title(index: number): string {
    return this.#steps[index]?.step.title ?? `step ${index + 1}`
  }

  #stepError(index: number, exitCode: number): CommandError | TimeoutError {
    const resource = this.#steps[index]?.resource ?? 'unknown'
    const title = this.#title(index)
    const what = title === resource ? resource : `${resource}: ${title}`
    const said = tail(this.#tail.join('\n'), { count: TAIL })
    if (TIMED_OUT.has(exitCode)) {
      const limit = this.#steps[index]?.step.timeout ?? 600
      return new TimeoutError(`${what}: ended after ${limit} s${said}`, { host: this.#host })
    }
    return new CommandError(`${what}: exit code ${exitCode}${said}`, { host: this.#host })
  }

  #heldError([owner = 'somebody', run = 'unknown', since = 'just now']: readonly string[]): LeaseHeldError {
    return new LeaseHeldError(`held by ${owner} (run ${run}, since ${since})`, {
      host: this.#host,
      hint: 'try again when that run has ended',
    })
  }
}
