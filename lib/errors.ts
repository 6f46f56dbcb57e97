import { isMadeBy, SHARED } from './one-class.ts'

/** What an operator sees when a thing fails: who, what, why, and a command to run next. */
export interface ErrorDetails {
  /** The host it happened on, put in front of the message. */
  readonly host?: string
  /** A command the operator can run, or one sentence on what to do. */
  readonly hint?: string
  readonly cause?: unknown
}

/**
 * The root of every error that is not a bug. `exitCode` is the process's exit code (README, "Exit codes"),
 * `code` is stable and part of the `--json` output.
 */
export abstract class FleetError extends Error {
  abstract readonly code: string
  abstract readonly exitCode: number
  readonly host: string | undefined
  readonly hint: string | undefined
  static readonly [SHARED] = true

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isMadeBy(value, this)
  }

  constructor(message: string, details: ErrorDetails = {}) {
    super(details.host === undefined ? message : `${details.host}: ${message}`, { cause: details.cause })
    this.name = new.target.name
    this.host = details.host
    this.hint = details.hint
  }
}

/** A wrong command line: nothing was read or changed. */
export class UsageError extends FleetError {
  readonly code: string = 'usage'
  readonly exitCode = 2
}

/** A fleet file, release or local set-up that cannot be used. `issues` holds every problem found. */
export class ConfigError extends FleetError {
  readonly code: string = 'config'
  readonly exitCode = 2
  readonly issues: readonly string[]

  constructor(message: string, details: ErrorDetails & { issues?: readonly string[] } = {}) {
    super([message, ...(details.issues ?? []).map(issue => `  ${issue}`)].join('\n'), details)
    this.issues = details.issues ?? []
  }
}

/** What would be done now is not what was reviewed: somebody changed the host, or what serves, meanwhile. */
export class MovedError extends ConfigError {
  override readonly code: string = 'moved'
}

/** The host did not answer, or did not let us in. */
export class ConnectError extends FleetError {
  readonly code: string = 'connect'
  readonly exitCode = 5
}

/** The host answered and refused the login. */
export class LoginRefusedError extends ConnectError {
  override readonly code: string = 'login-refused'
}

/** The host shows another key than the pinned one, or has none pinned. */
export class HostKeyError extends FleetError {
  readonly code: string = 'host-key'
  readonly exitCode = 5
}

/** A command on a host ended with another code than 0, or by a signal, or with a lost connection. */
export class CommandError extends FleetError {
  readonly code: string = 'command'
  readonly exitCode = 4
}

/** Something took longer than its limit. */
export class TimeoutError extends FleetError {
  readonly code: string = 'timeout'
  readonly exitCode = 4
}

/** A provider's API refused or failed. */
export class ApiError extends FleetError {
  readonly code: string = 'api'
  readonly exitCode = 4
}

/** Somebody else's run holds the host. */
export class LeaseHeldError extends FleetError {
  readonly code: string = 'lease-held'
  readonly exitCode = 6
}

/** The new release did not become healthy; the old one still serves. */
export class HealthError extends FleetError {
  readonly code: string = 'unhealthy'
  readonly exitCode = 7
}

/** The operator said no, or pressed Ctrl-C. */
export class AbortedError extends FleetError {
  readonly code: string = 'aborted'
  readonly exitCode = 8
}

/** Some of what was asked for could not be had; what there is was delivered. */
export class PartialResultError extends FleetError {
  readonly code: string = 'partial'
  readonly exitCode = 9
}

/** One host's end of a run that failed. */
export interface HostFailure {
  readonly host: string
  readonly error: Error
}

/**
 * One or more hosts failed while others may have gone through. Exits 2 when every failure is a host that has moved since
 * it was reviewed, 5 when every one is a connection or any shows another host key, 6 when every one is a held lease, 7 when every one is a failed health
 * check, 8 when every one was asked to stop, 4 otherwise. `standing` says where that leaves the hosts.
 */
export class HostsFailedError extends FleetError {
  readonly code: string = 'hosts-failed'
  readonly exitCode: number
  readonly failures: readonly HostFailure[]

  constructor(
    failures: readonly HostFailure[],
    total: number,
    details: ErrorDetails & { readonly standing?: string } = {},
  ) {
    const lines = failures.map(({ host, error }) =>
      error.message.startsWith(`${host}: `) ? error.message : `${host}: ${error.message}`,
    )
    const hint =
      details.hint ??
      failures.map(({ error }) => (error instanceof FleetError ? error.hint : undefined)).find(Boolean)
    super(
      [
        `${failures.length} of ${total} hosts failed`,
        ...lines.map(line => `  ${line.replaceAll('\n', '\n  ')}`),
        ...(details.standing === undefined ? [] : [details.standing]),
      ].join('\n'),
      {
        ...details,
        ...(hint === undefined ? {} : { hint }),
      },
    )
    this.failures = failures
    const codes = new Set(failures.map(({ error }) => (error instanceof FleetError ? error.exitCode : 4)))
    const [only] = codes
    const isMoved = failures.length > 0 && failures.every(({ error }) => error instanceof MovedError)
    if (isMoved) this.exitCode = 2
    else if (failures.some(({ error }) => error instanceof HostKeyError)) this.exitCode = 5
    else this.exitCode = codes.size === 1 && (only === 5 || only === 6 || only === 7 || only === 8) ? only : 4
  }
}

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
