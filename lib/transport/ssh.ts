import type { Duplex } from 'node:stream'
import { CommandError } from '../errors.ts'
import { connectTimedOut } from './connect-error.ts'
import { dial } from './dial.ts'
import { endpoint } from './endpoint.ts'
import { execute, type Meter } from './execute.ts'
import { handshake } from './handshake.ts'
import { requirePlain } from './host-key-error.ts'
import { readIdentity } from './identity.ts'
import type { Keyring } from './keyring.ts'
import type { Link } from './link.ts'
import { Sessions } from './sessions.ts'
import type {
  ConnectOptions,
  ExecOptions,
  ExecResult,
  Target,
  Transport,
  TransportCost,
} from './transport.ts'
import { tunnel } from './tunnel.ts'

class SshTransport implements Transport {
  readonly #link: Link
  readonly #via: Transport | undefined
  readonly #sessions: Sessions
  readonly #meter: Meter = { executions: 0, bytesSent: 0, bytesReceived: 0 }
  #closed: Promise<void> | undefined

  /** Owns `via`, the connection it goes through, where that is given. */
  constructor(link: Link, via: Transport | undefined, keyring: Keyring | undefined) {
    this.#link = link
    this.#via = via
    this.#sessions = new Sessions({
      host: link.target.name,
      user: link.target.user,
      keyring,
      run: (line, options, stop) => execute(link, line, options, stop, this.#meter),
      lost: () => link.lost,
    })
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
    return this.#sessions.exec(command, options)
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

/** Connects one host with ssh2 through node-ssh, over `via` where there is one. `owned` is closed with it. */
export async function openSsh(
  target: Target,
  { via, owned }: { readonly via: Transport | undefined; readonly owned: Transport | undefined },
  options: ConnectOptions,
): Promise<Transport> {
  requirePlain(target)
  // A passphrase may be typed as slowly as it takes.
  const identity = await readIdentity(target, options.keyring)
  const begun = performance.now()
  const socket = await dial(target, via, options)
  const left = Math.ceil(begun + options.timeout - performance.now())
  if (left <= 0) {
    socket.destroy()
    throw connectTimedOut(target, options.timeout)
  }
  const link = await handshake(target, socket, identity, { ...options, left })
  return new SshTransport(link, owned, options.keyring)
}
