import type { Duplex } from 'node:stream'
import pLimit from 'p-limit'
import { AbortedError, CommandError, ConnectError, TimeoutError } from '../errors.ts'
import { orAborted, Stop } from './abort.ts'
import { connectTimedOut, seconds } from './connect-error.ts'
import { dial, type ConnectOptions } from './dial.ts'
import { elevated } from './elevate.ts'
import { endpoint } from './endpoint.ts'
import { ChannelRefused, execute, summary, type Meter } from './execute.ts'
import { handshake } from './handshake.ts'
import { readIdentity } from './identity.ts'
import type { Link } from './link.ts'
import type { Connect, ExecOptions, ExecResult, Target, Transport, TransportCost } from './transport.ts'
import { tunnel } from './tunnel.ts'

/** sshd's MaxSessions of 10 behaves like 5, since it frees a session late. */
const CHANNELS = 4
/** How often a lone command asks for a channel before it gives up; the waits between add up to 3 s. */
const ATTEMPTS = 7

class SshTransport implements Transport {
  readonly #link: Link
  readonly #via: Transport | undefined
  readonly #limit = pLimit(CHANNELS)
  readonly #meter: Meter = { executions: 0, bytesSent: 0, bytesReceived: 0 }
  #closed: Promise<void> | undefined

  constructor(link: Link, via: Transport | undefined) {
    this.#link = link
    this.#via = via
  }

  get host(): string {
    return this.#link.target.name
  }

  get user(): string {
    return this.#link.target.user
  }

  get cost(): TransportCost {
    return { ...this.#meter }
  }

  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const aborted = () => new AbortedError(`stopped \`${summary(command)}\``, { host: this.host })
    // A command that still waits for its turn is let go at once, too.
    return orAborted(
      this.#limit(() => this.#run(command, options, aborted)),
      options.signal,
      aborted,
    )
  }

  async #run(command: string, options: ExecOptions, aborted: () => Error): Promise<ExecResult> {
    const stop = new Stop({
      signal: options.signal,
      aborted,
      timeout: options.timeout,
      timedOut: ms =>
        new TimeoutError(`\`${summary(command)}\` timed out after ${seconds(ms)}`, { host: this.host }),
    })
    try {
      return await this.#attempt(command, options, stop)
    } finally {
      stop.release()
    }
  }

  async #attempt(command: string, options: ExecOptions, stop: Stop): Promise<ExecResult> {
    for (let attempt = 1, wait = 50; ; attempt++, wait = Math.min(2 * wait, 1000)) {
      if (stop.error !== undefined) throw stop.error
      if (this.#link.lost !== undefined) throw this.#link.lost
      try {
        const line = options.root === true ? elevated(this.user, command) : command
        return await execute(this.#link, line, options, stop, this.#meter)
      } catch (error) {
        if (!(error instanceof ChannelRefused)) throw error
        // While others of ours run, the host is only full of them.
        if (attempt >= ATTEMPTS && this.#limit.activeCount === 1) {
          throw new ConnectError('the host opens no more sessions', {
            host: this.host,
            hint: 'sshd -T | grep -i maxsessions',
            cause: error,
          })
        }
      }
      await stop.wait(wait)
    }
  }

  forward(address: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      try {
        // The first pair tells the host who asks (RFC 4254, section 7.2). Nobody in particular does.
        this.#link.client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
          if (error === undefined) resolve(tunnel(this.#link, channel))
          else reject(this.#link.lost ?? this.#forwardError(address, port, error))
        })
      } catch (error) {
        reject(this.#link.notConnected(error))
      }
    })
  }

  #forwardError(address: string, port: number, cause: Error): CommandError {
    const reason = cause.message.replace(/^\(SSH\) Channel open failure: /, '') || 'refused'
    return new CommandError(`no tunnel to ${endpoint(address, port)}: ${reason}`, { host: this.host, cause })
  }

  close(): Promise<void> {
    this.#closed ??= this.#link.close().then(() => this.#via?.close())
    return this.#closed
  }
}

async function openHop(
  target: Target,
  via: Transport | undefined,
  options: ConnectOptions,
): Promise<Transport> {
  const begun = performance.now()
  const identity = await readIdentity(target)
  const socket = await dial(target, via, options)
  const left = Math.ceil(begun + options.timeout - performance.now())
  if (left <= 0) {
    socket.destroy()
    throw connectTimedOut(target, options.timeout)
  }
  const link = await handshake(target, socket, identity, { ...options, left })
  return new SshTransport(link, via)
}

/**
 * Connects with ssh2 through node-ssh, over `target.jumps` in their order (a jump's own `jumps` are not followed). The
 * timeout is for each hop. Rejects with HostKeyError, ConnectError, AbortedError, or ConfigError for a malformed pin.
 */
export const connectSsh: Connect = async (target, options) => {
  let via: Transport | undefined
  try {
    for (const jump of target.jumps ?? []) via = await openHop(jump, via, options)
    return await openHop(target, via, options)
  } catch (error) {
    await via?.close()
    throw error
  }
}
