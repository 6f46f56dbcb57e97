import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { ConnectError, messageOf } from '../errors.ts'
import { endpoint } from './endpoint.ts'
import { startPulse } from './pulse.ts'
import type { Target } from './transport.ts'

/** Milliseconds that a goodbye may take to leave before the socket is torn down. */
const GRACE = 1000

/** One live SSH connection, and the one answer to whether and why it is gone. */
export class Link {
  readonly target: Target
  readonly client: Client
  readonly #socket: Duplex
  readonly #gone: Promise<void>
  #lost: ConnectError | undefined
  #cause: unknown
  #closing = false
  #isGone = false

  constructor(target: Target, client: Client, socket: Duplex) {
    this.target = target
    this.client = client
    this.#socket = socket
    client.on('error', error => {
      this.#cause ??= error
    })
    let stopPulse: () => void = () => undefined
    client.once('ready', () => {
      stopPulse = startPulse(client, socket, () => {
        this.#cause ??= new Error('no sign of life for 20 s')
        socket.destroy()
      })
    })
    this.#gone = new Promise(resolve => {
      // ssh2 says "close" before it ends the open channels, so that these find the reason here.
      client.on('close', () => {
        stopPulse()
        this.#isGone = true
        resolve()
      })
    })
  }

  /** Why no command can run any more; undefined while connected. */
  get lost(): ConnectError | undefined {
    // Made when somebody asks: most connections are closed by us, and an error with its stack is most of what that costs.
    return this.#isGone ? (this.#lost ??= this.#error()) : undefined
  }

  /** The error of a call that ssh2 refused because it is not connected. */
  notConnected(cause: unknown): ConnectError {
    this.#cause ??= cause
    return this.lost ?? this.#error()
  }

  #error(): ConnectError {
    const { name, address, port } = this.target
    const place = endpoint(address, port)
    if (this.#closing) return new ConnectError(`the connection to ${place} was closed`, { host: name })
    const reason = this.#cause === undefined ? '' : `: ${messageOf(this.#cause)}`
    return new ConnectError(`connection to ${place} lost${reason}`, {
      host: name,
      hint: `fleet status --on ${name}`,
      cause: this.#cause,
    })
  }

  /** Says goodbye, and waits a second at most until that has left us. The host's own goodbye would take a round trip. */
  async close(): Promise<void> {
    if (this.#isGone) return
    this.#closing = true
    const timer = setTimeout(() => this.#socket.destroy(), GRACE)
    this.#socket.once('finish', () => this.#socket.destroy())
    this.client.end()
    await this.#gone
    clearTimeout(timer)
  }
}
