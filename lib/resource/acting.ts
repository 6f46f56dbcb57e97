import { AbortedError, ConnectError, messageOf } from '../errors.ts'
import type { ExecResult, Transport } from '../transport/transport.ts'
import type { ActingRun } from './acting-run.ts'
import { ActReader } from './act-reader.ts'
import type { ApplyOptions } from './apply.ts'
import { followJournal, untilEnough } from './follow.ts'
import { launchProgram } from './launch.ts'
import { LaunchReader, type Refusal } from './launch-reader.ts'
import { deliveredAside } from './program.ts'
import { reconnected } from './reconnect.ts'
import { heldMessage, notLaunched } from './refused.ts'
import { longest, type NumberedStep } from './steps.ts'
import { requestStop, stoppedBefore } from './stop.ts'

/** Milliseconds for the acting execution besides its steps. */
const REACH = 60_000

/** The titles of the steps that were done, or why nothing was begun. */
export type Acted = { readonly applied: readonly string[] } | { readonly refusal: Refusal }

/** One acting script as its client sees it: started, followed, and where its operator wants that, stopped. */
class Acting {
  readonly #steps: readonly NumberedStep[]
  readonly #run: ActingRun
  readonly #options: ApplyOptions
  readonly #launch: LaunchReader
  readonly #reader: ActReader
  readonly #hangUp = new AbortController()
  #transport: Transport
  #saidWaiting = false
  /** The host has been told to begin nothing more, or cannot be told. */
  #isStopped = false
  #stopping: Promise<void> | undefined

  constructor(transport: Transport, steps: readonly NumberedStep[], run: ActingRun, options: ApplyOptions) {
    const { nonce, record } = run
    this.#transport = transport
    this.#steps = steps
    this.#run = run
    this.#options = options
    this.#launch = new LaunchReader(nonce)
    this.#reader = new ActReader({ host: transport.host, runId: record.id, steps, nonce, emit: options.emit })
  }

  async act(): Promise<Acted> {
    const { signal } = this.#options
    const onAbort = () => this.#stop()
    if (signal?.aborted === true) throw stoppedBefore(this.#transport.host)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const result = await this.#followed()
      const stderr = result?.stderr.toString('utf8') ?? ''
      if (this.#launch.refusal) return { refusal: this.#launch.refusal }
      if (this.#launch.journal === undefined) throw notLaunched(this.#transport.host, result, stderr)
      this.#reader.finish(stderr)
      return { applied: this.#reader.applied }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      await this.#stopping
    }
  }

  /** Resolves when the script has said how it ended, or with the result of an execution that ended before. */
  async #followed(): Promise<ExecResult | undefined> {
    const { runner } = this.#run
    const { command, stdin } = await deliveredAside(launchProgram(this.#steps, this.#run))
    try {
      const { result, enough } = untilEnough(
        chunk => this.#take(chunk),
        onStdout =>
          this.#transport.exec(command, {
            signal: this.#hangUp.signal,
            timeout: longest(this.#steps) * 1000 + this.#run.wait + REACH,
            stdin,
            root: runner.root,
            discardStdout: true,
            onStdout,
          }),
      )
      return await Promise.race([enough, result])
    } catch (error) {
      if (error instanceof AbortedError) {
        // Its script may have had the lock by then, with the word of it still on its way to us.
        if (!(await this.#readOn())) throw stoppedBefore(this.#transport.host)
        return undefined
      }
      if (!(error instanceof ConnectError)) throw error
      await this.#followAgain(error)
      return undefined
    }
  }

  /** The host has the script, or it never will: what it does meanwhile is in its journal. */
  async #followAgain(lost: ConnectError): Promise<void> {
    for (;;) {
      const transport = await reconnected(this.#options)
      if (transport === undefined) throw this.#reader.lost(lost)
      this.#transport = transport
      try {
        if (!(await this.#readOn()))
          throw new ConnectError('connection lost before anything was begun', {
            host: transport.host,
            cause: lost,
          })
        return
      } catch (error) {
        if (!(error instanceof ConnectError) || error.cause === lost) throw error
      }
    }
  }

  /** Follows the journal from where we are to its end, in an execution of its own. False when there is none. */
  async #readOn(): Promise<boolean> {
    const { record, runner, nonce } = this.#run
    const place = { runId: record.id, journal: this.#launch.journal ?? nonce, from: this.#reader.bytes }
    const found = await followJournal(this.#transport, runner, place, chunk => {
      this.#reader.push(chunk)
      return this.#reader.ended
    })
    if (found) this.#launch.journal ??= nonce
    return found
  }

  /** True when all has been said. */
  #take(chunk: Uint8Array): boolean {
    const { waitsFor } = this.#launch
    const rest = this.#launch.push(chunk)
    if (waitsFor === undefined && this.#launch.waitsFor) this.#waits()
    if (rest.length > 0) this.#reader.push(rest)
    return this.#launch.refusal !== undefined || this.#reader.ended
  }

  #waits(): void {
    const { waitsFor } = this.#launch
    if (waitsFor === undefined || this.#saidWaiting) return
    this.#saidWaiting = true
    this.#options.emit({
      type: 'note',
      host: this.#transport.host,
      text: `waiting: ${heldMessage(waitsFor)}`,
    })
    this.#letGo()
  }

  /** Once: the step in progress ends in peace, and whoever only waits for the host lets go. */
  #stop(): void {
    const { emit } = this.#options
    const { host } = this.#transport
    const isWaiting = this.#saidWaiting && this.#launch.journal === undefined
    if (!isWaiting) emit({ type: 'note', host, text: 'stopping after the current step' })
    this.#stopping = requestStop(this.#transport, this.#run.runner, this.#run.record)
      .catch((error: unknown) => emit({ type: 'warning', host, text: messageOf(error) }))
      .then(() => {
        this.#isStopped = true
        this.#letGo()
      })
  }

  /**
   * Ends the wait for the lock, once the host has been told: a script that gets the lock after that begins nothing, and
   * of one that got it before there is a journal.
   */
  #letGo(): void {
    if (this.#isStopped && this.#saidWaiting && this.#launch.journal === undefined) this.#hangUp.abort()
  }
}

/**
 * Has a host do the steps, and follows it to their end, over a second connection where the first is lost. An abort
 * lets the step in progress end and begins no other. Throws CommandError or TimeoutError naming the step that failed,
 * AbortedError saying how far it came, ConnectError when nobody knows yet.
 */
export const act = (
  transport: Transport,
  steps: readonly NumberedStep[],
  run: ActingRun,
  options: ApplyOptions,
): Promise<Acted> => new Acting(transport, steps, run, options).act()
