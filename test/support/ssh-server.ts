import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type AuthContext, type Connection } from 'ssh2'
import type { Target, TransportName } from '../../lib/transport/transport.ts'
import { shell, type ExecHandler } from './ssh-server-handlers.ts'
import { makeKey, type KeyPair } from './ssh-server-keys.ts'

export * from './ssh-server-handlers.ts'
export { makeKey, type KeyPair } from './ssh-server-keys.ts'

export interface SshServerOptions {
  /** What a command does; `shell` unless told. */
  readonly handler?: ExecHandler
  /** One ed25519 key unless told. */
  readonly hostKeys?: readonly KeyPair[]
  /** The key that may log in; the server makes one unless told. */
  readonly clientKey?: KeyPair
  readonly rejectAuth?: boolean
  /** Which transport its targets ask for; the default one unless told. */
  readonly transport?: TransportName
  /** Login waits for this: a slow handshake, or a held one. */
  readonly beforeLogin?: () => Promise<void>
  /** Sessions at once on a connection; one more is refused with reason 2, as sshd does. */
  readonly maxSessions?: number
  /** Hangs up on the first connections, as many as this, before a handshake. */
  readonly hangUps?: number
  /** Where a tunnel really goes; the address asked for unless told. `undefined` refuses it. */
  readonly route?: (address: string, port: number) => { host: string; port: number } | undefined
}

/** What the server saw. */
export interface ServerStats {
  connections: number
  /** Connections that are open now. */
  open: number
  handshakes: number
  maxHandshakes: number
  sessions: number
  maxSessions: number
  refusedSessions: number
  logins: string[]
  tunnels: string[]
  readonly commands: string[]
  readonly signals: string[]
}

export interface SshServer extends AsyncDisposable {
  readonly port: number
  readonly stats: ServerStats
  /** File of the private key that may log in. */
  readonly identityFile: string
  /** How to reach it. */
  target(overrides?: Partial<Target>): Target
  /** New connections see these host keys. */
  setHostKeys(keys: readonly KeyPair[]): void
  /** Cuts every connection. */
  dropAll(): void
}

/** An SSH server in this process, on a random port of the loopback. */
export async function sshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const { clientKey = makeKey() } = options
  let hostKeys = options.hostKeys ?? [makeKey()]
  const folder = mkdtempSync(join(tmpdir(), 'fleetfile-ssh-'))
  const identityFile = join(folder, 'id')
  writeFileSync(identityFile, clientKey.private, { mode: 0o600 })
  const stats: ServerStats = {
    connections: 0,
    open: 0,
    handshakes: 0,
    maxHandshakes: 0,
    sessions: 0,
    maxSessions: 0,
    refusedSessions: 0,
    logins: [],
    tunnels: [],
    commands: [],
    signals: [],
  }
  const sockets = new Set<Socket>()
  const listener = createServer(socket => {
    sockets.add(socket)
    stats.open++
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      stats.open--
    })
    if (++stats.connections <= (options.hangUps ?? 0)) {
      socket.destroy()
      return
    }
    socket.setNoDelay(true)
    const server = new ssh2.Server({ hostKeys: hostKeys.map(key => key.private) })
    server.on('connection', connection =>
      serve(connection, () => socket.destroy(), clientKey, options, stats),
    )
    server.injectSocket(socket)
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { port } = address

  return {
    port,
    stats,
    identityFile,
    target: overrides => ({
      name: 'web1',
      address: '127.0.0.1',
      port,
      user: 'deploy',
      hostKeys: hostKeys.map(key => key.public),
      identityFile,
      ...(options.transport === undefined ? {} : { transport: options.transport }),
      ...overrides,
    }),
    setHostKeys: keys => {
      hostKeys = [...keys]
    },
    dropAll: () => {
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => listener.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function serve(
  connection: Connection,
  drop: () => void,
  clientKey: KeyPair,
  options: SshServerOptions,
  stats: ServerStats,
): void {
  let shaking = true
  stats.maxHandshakes = Math.max(stats.maxHandshakes, ++stats.handshakes)
  const shaken = () => {
    if (shaking) stats.handshakes--
    shaking = false
  }
  connection.on('error', () => undefined)
  connection.on('close', shaken)
  connection.on('authentication', context => {
    stats.logins.push(`${context.username} ${context.method}`)
    void (options.beforeLogin?.() ?? Promise.resolve()).then(() => decide(context, clientKey, options))
  })
  connection.on('ready', shaken)

  let sessions = 0
  connection.on('session', (accept, reject) => {
    if (sessions >= (options.maxSessions ?? Infinity)) {
      stats.refusedSessions++
      reject()
      return
    }
    stats.sessions++
    stats.maxSessions = Math.max(stats.maxSessions, ++sessions)
    const session = accept()
    const signals: string[] = []
    const listeners: ((name: string) => void)[] = []
    // ssh2's server drops requests that come after the client's end of input; sshd does not.
    session.on('eof', () => Reflect.set(session, '_ending', false))
    session.on('signal', (_accept, _reject, info) => {
      signals.push(info.name)
      stats.signals.push(info.name)
      for (const listen of listeners) listen(info.name)
    })
    session.on('exec', (acceptExec, _reject, { command }) => {
      stats.commands.push(command)
      const channel = acceptExec()
      channel.on('error', () => undefined)
      channel.on('close', () => sessions--)
      const handler = options.handler ?? shell
      handler({ command, channel, signals, onSignal: listen => listeners.push(listen), drop })
    })
  })

  connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
    stats.tunnels.push(`${destIP}:${destPort}`)
    const route =
      options.route === undefined ? { host: destIP, port: destPort } : options.route(destIP, destPort)
    if (route === undefined) return reject()
    const socket = connect(route)
    socket.once('error', reject)
    socket.once('connect', () => {
      const channel = accept()
      channel.on('error', () => undefined)
      socket.on('error', () => channel.close())
      channel.on('close', () => socket.destroy())
      channel.pipe(socket)
      socket.pipe(channel)
    })
  })
}

/** Takes the one key. Without checking the signature: the client's side is what is tested. */
function decide(context: AuthContext, clientKey: KeyPair, options: SshServerOptions): void {
  const allowed = ssh2.utils.parseKey(clientKey.public)
  if (
    options.rejectAuth !== true &&
    context.method === 'publickey' &&
    !(allowed instanceof Error) &&
    allowed.getPublicSSH().equals(context.key.data)
  ) {
    context.accept()
  } else {
    context.reject(['publickey'])
  }
}
