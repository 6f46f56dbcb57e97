import type { EventSink } from '../events/event.ts'
import type { Fleet } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Provider } from '../providers/provider.ts'
import type { Review } from '../resource/review.ts'
import type { RunRecord } from '../runs/record.ts'
import type { Command } from '../shell/sh.ts'
import type { Secret } from '../shell/secret.ts'
import type { ExecOptions, ExecResult, Transport } from '../transport/transport.ts'
import type { Wanted } from './barrier.ts'

export interface CommandOptions {
  /** Run as root, through sudo where the login is another user. */
  readonly root?: boolean
  /** Milliseconds; `--timeout` unless told. */
  readonly timeout?: number
  /** Take any exit code as a result instead of a CommandError. */
  readonly anyExitCode?: boolean
  /** What the command reads, where it is a stream; else `command.input(...)`. */
  readonly stdin?: AsyncIterable<Uint8Array>
  /** A promise holds the stream back until it resolves. */
  readonly onStdout?: ExecOptions['onStdout']
  readonly onStderr?: ExecOptions['onStderr']
  /** Keep no copy of it in the result: it went to `onStdout`. */
  readonly discardStdout?: boolean
  readonly discardStderr?: boolean
  /** Also when the run was told to stop: what must not be left as it is. */
  readonly evenStopped?: boolean
}

/** One host inside a task. */
export interface HostContext {
  readonly host: FleetHost
  /** Runs a command that changes nothing; it runs with `--plan` too. Throws CommandError on an exit code but 0. */
  read(command: Command, options?: CommandOptions): Promise<ExecResult>
  /** Runs a command that changes something; with `--plan` it is only shown. */
  run(command: Command, options?: CommandOptions): Promise<ExecResult>
  /** The connection itself, for streams and tunnels. */
  transport(): Promise<Transport>
  /** Leaves the run's trace, as `run` does: before a change that is no command, such as a write through a tunnel. */
  touch(): Promise<void>
}

/** What an apply did, or with `--plan` would do. */
export interface ApplyReport {
  /** Changed resources by host; a host that is as wanted has an empty list. */
  readonly changed: ReadonlyMap<string, readonly string[]>
  readonly total: number
}

export interface Question {
  readonly message: string
  /** What `--yes` must carry, when a bare `--yes` is not enough: the exact count. */
  readonly count?: number
}

/** Folders on the operator's machine. */
export interface LocalPaths {
  readonly cwd: string
  /** Folder of the fleet file: relative paths in it start here. */
  readonly fleet: string
  /** State that outlives a run: mirrors, receipts, labs. */
  readonly state: string
  readonly cache: string
  readonly home: string
}

/** The operator's own terminal and programs: nothing here touches the process's streams itself. */
export interface OperatorConsole {
  /** Input and output are a terminal, and somebody is there. */
  readonly isTerminal: boolean
  /** How wide the terminal is that results are printed on; left out where they go elsewhere. */
  readonly columns?: number
  /** What is piped into the command. */
  stdin(): AsyncIterable<Uint8Array>
  /** Runs a program of the operator's machine on the operator's terminal. Resolves with its exit code, 128 + n for signal n. */
  run(program: string, args: readonly string[]): Promise<number>
}

/** Everything a task works with. A task holds no other state and reaches for nothing ambient. */
export interface TaskContext {
  readonly fleet: Fleet
  /** The hosts chosen by the task's `hosts` and the operator's `--on`. */
  readonly hosts: readonly FleetHost[]
  /** Every host of the fleet that exists. */
  readonly allHosts: readonly FleetHost[]
  readonly provider: Provider
  /** Sorts by time and is the same in events, journals and receipts. */
  readonly runId: string
  /** Who runs it: `user@machine`. */
  readonly owner: string
  /** Why, in the operator's words. */
  readonly message?: string
  /** The record of this run as it stands: what hosts and leases are told. */
  readonly record: RunRecord
  /** What was reviewed before the run, where it may do nothing else. */
  readonly review?: Review
  /** What this run holds now, `<host>/<name>` each: it may ask for it again. */
  readonly leases?: Set<string>
  /** Milliseconds to wait for a lease that somebody else holds. */
  readonly wait: number
  readonly paths: LocalPaths
  /** The operator's environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** With `--plan` nothing may change. `apply` and `run` know it; only other writes must ask. */
  readonly planOnly: boolean
  readonly concurrency: number
  /** Milliseconds that connecting or one command may take. */
  readonly timeout: number
  readonly signal: AbortSignal
  readonly emit: EventSink
  /** How many steps of its acting scripts the run has begun on a host so far. */
  stepsBegun(host: FleetHost): number
  readonly now: () => Date
  phase(title: string): void
  note(text: string, host?: FleetHost): void
  warn(text: string, host?: FleetHost): void
  /** Writes whole lines to stdout: what was asked for. Nothing with `--json`; return the data as well. */
  print(text: string): void
  on(host: FleetHost): HostContext
  /** The host under another login, for the first contact. */
  connectAs(host: FleetHost, user: string): Promise<Transport>
  /** A connection of its own, to prove that a login works. The caller closes it. */
  connectFresh(host: FleetHost, user: string): Promise<Transport>
  /**
   * Runs `work` on the hosts side by side, bounded by `--concurrency`. Every host is tried; failures are thrown together
   * as one HostsFailedError, after all have ended.
   */
  each<T>(hosts: readonly FleetHost[], work: (host: FleetHost) => Promise<T>): Promise<ReadonlyMap<string, T>>
  /**
   * Brings the hosts (`ctx.hosts` unless told) to the wanted state: plan, show, act. A `barrier` in the lists, which
   * must then be in all of them, lets no host go on before all hosts are done with what stands before it.
   */
  apply(
    resources: readonly Wanted[] | ((host: FleetHost) => readonly Wanted[]),
    hosts?: readonly FleetHost[],
  ): Promise<ApplyReport>
  /**
   * Notes in the run's record what was decided, before anything changes. In a resumed run it throws a UsageError when
   * that run had decided otherwise: a resumed deploy never brings another release.
   */
  pin(name: string, value: string): void
  readonly console: OperatorConsole
  secret(name: string): Promise<Secret>
  /** Does nothing more on this host in this run: whoever asks for a connection to it gets this error. */
  abandon(host: FleetHost, error: Error): void
  /** Returns when the operator agrees; throws AbortedError when not, UsageError where nobody can be asked. */
  confirm(question: Question): Promise<void>
}
