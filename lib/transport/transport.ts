import type { Duplex } from 'node:stream'

/** Where and how to reach one host. Everything a connection needs, resolved. */
export interface Target {
  /** The host's name in the fleet, for messages. */
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  /** Pinned public keys, `ssh-ed25519 AAAA...` each. Another key is refused; an empty list refuses every key. */
  readonly hostKeys: readonly string[]
  readonly identityFile?: string
  /** Socket of an SSH agent. */
  readonly agent?: string
  /** The hosts to hop through, nearest to us first. */
  readonly jumps?: readonly Target[]
}

export interface ExecOptions {
  /** A stream is read as fast as the host takes it; when it fails, so does the command. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal
  /** Milliseconds after which the command is given up with a TimeoutError. */
  readonly timeout?: number
  /** A promise holds the stream back until it resolves, so that a slow reader never has to keep what comes. */
  readonly onStdout?: (chunk: Uint8Array) => unknown
  readonly onStderr?: (chunk: Uint8Array) => void
  /** Keep no copy of stdout in the result (it went to `onStdout`). */
  readonly discardStdout?: boolean
  /** Keep no copy of stderr either. */
  readonly discardStderr?: boolean
  /** Run it as root; the transport knows how where the login is another user. */
  readonly root?: boolean
}

export interface ExecResult {
  readonly exitCode: number
  /** Bytes, since output may be in any encoding. */
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** What a connection has cost so far. Tests hold budgets on it. */
export interface TransportCost {
  readonly executions: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** One host, connected. All methods may be called at once; the transport paces them. */
export interface Transport {
  readonly host: string
  readonly user: string
  readonly cost: TransportCost
  /**
   * Runs one shell command line and resolves with its exit code, whatever it is. Rejects with ConnectError when the
   * connection is lost (never a result), TimeoutError, AbortedError; CommandError when a signal ended the command.
   */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>
  /** A stream to `address:port` as seen from the host. Nothing listens on this side. */
  forward(address: string, port: number): Promise<Duplex>
  close(): Promise<void>
}

/** Opens a connection, or rejects with ConnectError or HostKeyError. */
export type Connect = (
  target: Target,
  options: { signal: AbortSignal; timeout: number },
) => Promise<Transport>
