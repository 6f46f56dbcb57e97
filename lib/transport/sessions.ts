import pLimit from 'p-limit'
import { AbortedError, ConnectError, TimeoutError } from '../errors.ts'
import { orAborted, Stop } from './abort.ts'
import { seconds } from './connect-error.ts'
import { Elevation } from './elevate.ts'
import type { Keyring } from './keyring.ts'
import { summary } from './summary.ts'
import type { ExecOptions, ExecResult } from './transport.ts'

/** The host opened no channel, mostly since it has too many: worth another try. */
export class ChannelRefused extends Error {}

/** sshd's MaxSessions of 10 behaves like 5, since it frees a session late. */
const CHANNELS = 4
/** How often a lone command asks for a channel before it gives up; the waits between add up to 3 s. */
const ATTEMPTS = 7

/** Runs one line on a channel of its own. Rejects with ChannelRefused when none was to be had. */
export type RunLine = (line: string, options: ExecOptions, stop: Stop) => Promise<ExecResult>

/** Paces the commands of one connection, stops them, and makes them root: what is the same in every SSH client. */
export class Sessions {
  readonly #host: string
  readonly #run: RunLine
  readonly #lost: () => Error | undefined
  readonly #limit = pLimit(CHANNELS)
  /** Of the commands that run, those that make room for others. */
  readonly #yielding = new Set<() => void>()
  readonly #elevation: Elevation

  constructor(connection: {
    readonly host: string
    readonly user: string
    readonly keyring: Keyring | undefined
    readonly run: RunLine
    /** Why nothing runs any more; undefined while connected. */
    readonly lost: () => Error | undefined
  }) {
    this.#host = connection.host
    this.#run = connection.run
    this.#lost = connection.lost
    this.#elevation = new Elevation(connection.host, connection.user, connection.keyring)
  }

  exec(command: string, options: ExecOptions): Promise<ExecResult> {
    const aborted = () => new AbortedError(`stopped \`${summary(command)}\``, { host: this.#host })
    // A command that still waits for its turn is let go at once, too.
    const runLine = (line: string, given: ExecOptions) =>
      orAborted(
        this.#limit(() => this.#stoppable(command, line, given, aborted)),
        given.signal,
        aborted,
      )
    return options.root === undefined || options.root === false
      ? runLine(command, options)
      : this.#elevation.exec(command, options, runLine)
  }

  async #stoppable(
    command: string,
    line: string,
    options: ExecOptions,
    aborted: () => Error,
  ): Promise<ExecResult> {
    const stop = new Stop({
      signal: options.signal,
      aborted,
      timeout: options.timeout,
      timedOut: ms =>
        new TimeoutError(`\`${summary(command)}\` timed out after ${seconds(ms)}`, { host: this.#host }),
    })
    const { onCrowded } = options
    if (onCrowded !== undefined) this.#yielding.add(onCrowded)
    try {
      return await this.#attempt(line, options, stop)
    } finally {
      stop.release()
      if (onCrowded !== undefined) this.#yielding.delete(onCrowded)
    }
  }

  async #attempt(line: string, options: ExecOptions, stop: Stop): Promise<ExecResult> {
    for (let attempt = 1, wait = 50; ; attempt++, wait = Math.min(2 * wait, 1000)) {
      if (stop.error !== undefined) throw stop.error
      const lost = this.#lost()
      if (lost !== undefined) throw lost
      try {
        return await this.#run(line, options, stop)
      } catch (error) {
        if (!(error instanceof ChannelRefused)) throw error
        if (options.onCrowded === undefined) for (const makeRoom of this.#yielding) makeRoom()
        // While others of ours run, the host is only full of them.
        if (attempt >= ATTEMPTS && this.#limit.activeCount === 1) {
          throw new ConnectError('the host opens no more sessions', {
            host: this.#host,
            hint: 'sshd -T | grep -i maxsessions',
            cause: error,
          })
        }
      }
      await stop.wait(wait)
    }
  }
}
