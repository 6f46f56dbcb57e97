import type { Duplex } from 'node:stream'
import type { Meter } from './execute.ts'
import { requireIdentity } from './identity-file.ts'
import type { Keyring } from './keyring.ts'
import { Master } from './openssh-master.ts'
import { runOverMaster } from './openssh-session.ts'
import { Sessions } from './sessions.ts'
import type {
  ConnectOptions,
  ExecOptions,
  ExecResult,
  Target,
  Transport,
  TransportCost,
} from './transport.ts'
import { openSshTunnel } from './openssh-tunnel.ts'

/** One host, through a master of the operator's own OpenSSH client. */
export class OpenSshTransport implements Transport {
  readonly master: Master
  readonly #via: Transport | undefined
  readonly #sessions: Sessions
  readonly #meter: Meter = { executions: 0, bytesSent: 0, bytesReceived: 0 }
  #closed: Promise<void> | undefined

  constructor(master: Master, via: Transport | undefined, keyring: Keyring | undefined) {
    this.master = master
    this.#via = via
    this.#sessions = new Sessions({
      host: this.host,
      user: this.user,
      keyring,
      run: (line, options, stop) => runOverMaster(master, line, options, stop, this.#meter),
      lost: () => master.lost,
    })
  }

  get host(): string {
    return this.master.target.name
  }

  get user(): string {
    return this.master.target.user
  }

  get cost(): TransportCost {
    return { ...this.#meter }
  }

  exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    return this.#sessions.exec(command, options)
  }

  forward(address: string, port: number): Promise<Duplex> {
    return openSshTunnel(this.master, address, port)
  }

  close(): Promise<void> {
    this.#closed ??= this.master.close().then(() => this.#via?.close())
    return this.#closed
  }
}

/** Connects one host through an OpenSSH master, over `via` where there is one. `owned` is closed with it. */
export async function openOpenSsh(
  target: Target,
  { via, owned }: { readonly via: OpenSshTransport | undefined; readonly owned: Transport | undefined },
  options: ConnectOptions,
): Promise<OpenSshTransport> {
  if (via?.master.lost !== undefined) throw via.master.lost
  await requireIdentity(target, options.keyring?.canAsk === true)
  const master = await Master.start(target, via?.master, options)
  return new OpenSshTransport(master, owned, options.keyring)
}
