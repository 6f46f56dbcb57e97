import type { Duplex } from 'node:stream'
import type { Keyring } from './keyring.ts'

/** Which program speaks SSH: `ssh` is ssh2 in this process, `openssh` is the operator's own OpenSSH client. */
export type TransportName = 'ssh' | 'openssh'

/** What only OpenSSH can do, as the operator's ssh config says it. */
export interface OpenSshSettings {
  /** The name that ssh config knows the host by: `%n` of its commands. */
  readonly alias?: string
  readonly proxyCommand?: string
  readonly certificateFiles?: readonly string[]
  readonly pkcs11Provider?: string
  readonly securityKeyProvider?: string
}

/** Where and how to reach one host. Everything a connection needs, resolved. */
export interface Target {
  /** The host's name in the fleet, for messages. */
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  /** Pinned public keys, `ssh-ed25519 AAAA...` each. Another key is refused; an empty list refuses every key. */
  readonly hostKeys: readonly string[]
  /** Where pinned keys are written (`/home/ann/.ssh/known_hosts:12`), by key; for messages. */
  readonly pinnedIn?: Readonly<Record<string, string>>
  /** Keys that are refused even when they are pinned. */
  readonly revokedKeys?: readonly string[]
  /** Public keys of the authorities whose host certificates count. Only `openssh` can check these. */
  readonly authorities?: readonly string[]
  /** The name in the host's certificate, where it is not the address. */
  readonly hostKeyAlias?: string
  /** `ssh` unless told. */
  readonly transport?: TransportName
  readonly openssh?: OpenSshSettings
  readonly identityFile?: string
  /** Tried after `identityFile`; those that are not there are passed over. */
  readonly moreIdentityFiles?: readonly string[]
  /** Of the agent's keys, offer only those of the identity files. */
  readonly identitiesOnly?: boolean
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
  /**
   * Run it as root; the transport knows how where the login is another user. `unasked`: only where nobody has to give a
   * password for it, it fails elsewhere.
   */
  readonly root?: boolean | 'unasked'
  /** Called when the host has no channel for another command of this connection: one that may end early does so then. */
  readonly onCrowded?: () => void
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

export interface ConnectOptions {
  readonly signal: AbortSignal
  /** Milliseconds for one hop: its TCP connection, handshake and login together. */
  readonly timeout: number
  /** Asks for passphrases and passwords; nobody is asked without one. */
  readonly keyring?: Keyring
  /** An open connection to the last of `target.jumps`, which stays the caller's; without it the jumps are opened. */
  readonly via?: Transport
}

/** Opens a connection, or rejects with ConnectError or HostKeyError. */
export type Connect = (target: Target, options: ConnectOptions) => Promise<Transport>
