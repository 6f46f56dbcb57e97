import { AbortedError, ConnectError, FleetError, LoginRefusedError, messageOf } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { endpoint, login, sshCommand } from './endpoint.ts'
import type { Target } from './transport.ts'

/** What the handshake saw before it failed. */
export interface Seen {
  /** The ways of logging in that the host still takes. */
  readonly methods?: readonly string[] | undefined
  /** Why a key of ours was not offered. */
  readonly note?: string | undefined
  /** The line that sshd said in place of its greeting, before it hung up. */
  readonly said?: string | undefined
}

const property = (error: unknown, name: 'code' | 'level'): unknown =>
  error instanceof Error ? Reflect.get(error, name) : undefined

/** `10 s`, for a limit in milliseconds. */
export const seconds = (ms: number): string => `${ms / 1000} s`

/** The error of a connection that was given up because the run was stopped. */
export const connectAborted = (target: Target): AbortedError =>
  new AbortedError(`stopped while connecting to ${endpoint(target.address, target.port)}`, {
    host: target.name,
  })

/** The error of a connection that took longer than `timeout` milliseconds. */
export function connectTimedOut(target: Target, timeout: number): ConnectError {
  const place = endpoint(target.address, target.port)
  return new ConnectError(`timed out after ${seconds(timeout)} connecting to ${place}`, {
    host: target.name,
    hint: `fleet status --on ${target.name}`,
  })
}

/** Nothing to log in with; `locked` is an identity file that wants its passphrase. */
export function noLogin(target: Target, reason: string, locked?: string): ConnectError {
  return new ConnectError(reason, {
    host: target.name,
    hint:
      locked === undefined
        ? 'load the key into an agent: `eval "$(ssh-agent)"; ssh-add`, then run the command again'
        : `ssh-add ${quote(locked)}`,
  })
}

const NO_ROUTE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL'])
const NO_NAME = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME', 'EAI_NODATA', 'EAI_NONAME'])
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** Broken off by the network or a busy server, so that trying once more may help. Never a key or a login. */
export const isTransient = (error: unknown): boolean => {
  const code = error instanceof ConnectError ? property(error.cause, 'code') : undefined
  return typeof code === 'string' && (BROKEN.has(code) || code === 'EAI_AGAIN')
}

function denied(target: Target, seen: Seen, cause: unknown): LoginRefusedError {
  const methods = seen.methods?.length ? seen.methods.join(',') : 'publickey'
  const note = seen.note === undefined ? '' : `; ${seen.note}`
  return new LoginRefusedError(`permission denied (${methods}) for ${login(target)}${note}`, {
    host: target.name,
    hint: sshCommand(target),
    cause,
  })
}

/** The connection that was broken off, with sshd's own reason (its sshd.c) where it gave one. */
function brokenOff(target: Target, said: string | undefined, cause: unknown): ConnectError {
  const { name: host } = target
  const place = endpoint(target.address, target.port)
  if (said?.startsWith('Not allowed at this time') === true) {
    return new ConnectError(
      `${place} turns this address away for a while: too many logins from here failed (PerSourcePenalties of its sshd)`,
      {
        host,
        hint: 'wait a minute and run it again; which logins they were, says journalctl -u ssh on the host',
        cause,
      },
    )
  }
  if (said?.startsWith('Exceeded MaxStartups') === true) {
    return new ConnectError(`${place} has too many unfinished logins at once (MaxStartups of its sshd)`, {
      host,
      hint: `fleet provision --on ${host} raises it; fewer at once: --concurrency 4`,
      cause,
    })
  }
  const reason = said === undefined ? '' : `: it said ${JSON.stringify(said)}`
  return new ConnectError(`connection closed by ${place}${reason}`, {
    host,
    hint: sshCommand(target),
    cause,
  })
}

/** A failure of Node's sockets or of ssh2, as an operator should read it. A FleetError stays as it is. */
export function connectError(target: Target, cause: unknown, timeout: number, seen: Seen = {}): FleetError {
  if (cause instanceof FleetError) return cause
  const place = endpoint(target.address, target.port)
  const fail = (message: string, hint = sshCommand(target)) =>
    new ConnectError(message, { host: target.name, hint, cause })
  const code = property(cause, 'code')
  const level = property(cause, 'level')
  const message = messageOf(cause)
  if (code === 'ETIMEDOUT' || level === 'client-timeout') return connectTimedOut(target, timeout)
  if (level === 'client-authentication') return denied(target, seen, cause)
  // ssh2 gives no level to a disconnect message; its code is the number in RFC 4253, section 11.1.
  if (/too many authentication failures/i.test(message)) {
    return denied(target, { ...seen, note: 'too many keys in the agent' }, cause)
  }
  if (level === 'agent') return fail(`the SSH agent failed: ${message}`, 'ssh-add -l')
  if (code === 'ECONNREFUSED') return fail(`connection refused by ${place}`)
  if (typeof code === 'string' && NO_ROUTE.has(code)) {
    return fail(`no route to ${place}`, `fleet status --on ${target.name}`)
  }
  if (typeof code === 'string' && NO_NAME.has(code)) {
    return fail(`name not found: ${target.address}`, `getent hosts ${target.address}`)
  }
  if (code === 'EAI_AGAIN') {
    return fail(`the name server did not answer for ${target.address}`, `getent hosts ${target.address}`)
  }
  if (typeof code === 'string' && BROKEN.has(code)) return brokenOff(target, seen.said, cause)
  return fail(`cannot connect to ${login(target)}: ${message}`)
}
