import { setTimeout as sleep } from 'node:timers/promises'
import {
  AbortedError,
  CommandError,
  ConnectError,
  TimeoutError,
  messageOf,
  type FleetError,
} from '../errors.ts'
import { tail } from '../text/last-lines.ts'
import type { Transport } from '../transport/transport.ts'
import { HOLDER_LIMIT, LeaseReader, leasePath, leaseScript, type Claim, type Holder } from './lease-script.ts'

/** Milliseconds between signs of life. Each answers a question of who waits: more often then. */
const BEAT = 2000
const BEAT_WAITING = 500
/**
 * Milliseconds without an answer after which we hold the lease for lost. The host lets go HOLDER_LIMIT after the last
 * sign that reached it, which is not later than the last answer that reached us by more than a round trip: we stop first.
 */
const SILENCE = (HOLDER_LIMIT - 3) * 1000
/** Milliseconds that a host may take for its first word. */
const ANSWER = 30_000
/** Milliseconds that a host may take to let go of it before we hang up. */
const RELEASE = 5000

/** Leases of one host, held. */
export interface Held {
  release(): Promise<void>
}

export interface HoldOptions extends Claim {
  readonly folder: string
  /** Milliseconds to wait for somebody else; 0 asks once. */
  readonly wait: number
  readonly signal: AbortSignal
  /** Told once of each holder that is waited for. */
  readonly onWait: (holder: Holder) => void
  /** Told when leases that were held are not any more. */
  readonly onLost: (error: Error) => void
}

export type HoldResult = { readonly held: Held } | { readonly busy: Holder }

/**
 * Takes all `names` of one host, or none: one execution, which lives as long as they are held. Throws CommandError when
 * the host has no lock to give, TimeoutError when it does not answer, AbortedError, ConnectError.
 */
export async function hold(
  transport: Transport,
  names: readonly string[],
  options: HoldOptions,
): Promise<HoldResult> {
  const { folder, wait, signal } = options
  const { host } = transport
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  const end = new AbortController()
  const reader = new LeaseReader(names)
  let state: 'asking' | 'held' | 'released' = 'asking'
  let busy: Holder | undefined
  let said = ''
  let gotIt: () => void = () => undefined
  const got = new Promise<'held'>(resolve => (gotIt = () => resolve('held')))
  const patience = setTimeout(interrupt, ANSWER)
  let silence: NodeJS.Timeout | undefined
  let silent = false
  let heard = false

  const command = transport.exec(
    leaseScript(
      names.map(name => leasePath(folder, name)),
      options,
      wait > 0,
    ),
    {
      root: true,
      stdin: beats(end.signal, () => (state === 'held' ? BEAT : BEAT_WAITING)),
      signal: stop.signal,
      discardStdout: true,
      onStdout(chunk) {
        heard = true
        silence?.refresh()
        if (state !== 'asking') return
        said = `${said}${Buffer.from(chunk).toString('utf8')}`.slice(-2000)
        for (const answer of reader.push(chunk)) {
          clearTimeout(patience)
          if (answer.held) return gotIt()
          busy = answer.holder
          if (wait > 0) options.onWait(busy)
        }
      },
    },
  )
  const ended = command.then(
    ({ exitCode, stderr }) => noLease(host, names, exitCode, stderr.toString('utf8') || said),
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
  void ended.then(error => {
    clearTimeout(silence)
    end.abort()
    if (state === 'held') options.onLost(lost(host, names, silent ? 'silence' : error))
  })

  signal.addEventListener('abort', interrupt, { once: true })
  if (signal.aborted) interrupt()
  const over = new AbortController()
  const late =
    wait > 0 ? sleep(wait, 'late' as const, { signal: over.signal }).catch(() => 'late' as const) : got
  const first = await Promise.race([got, ended, late])
  clearTimeout(patience)
  over.abort()
  signal.removeEventListener('abort', interrupt)
  if (first === 'held') {
    state = 'held'
    silence = setTimeout(() => {
      heard = false
      // Where we were busy ourselves, what the host said meanwhile is still to be read.
      setImmediate(() =>
        setImmediate(() => {
          if (heard || state !== 'held') return
          silent = true
          interrupt()
        }),
      )
    }, SILENCE)
  } else {
    end.abort()
    if (first === 'late') await ended
    if (busy !== undefined && !signal.aborted) return { busy }
    const error = first === 'late' ? await ended : first
    if (signal.aborted || !(error instanceof AbortedError)) throw error
    throw new TimeoutError(`did not give its lease on ${names.join(', ')} within ${ANSWER / 1000} s`, {
      host,
      hint: `fleet status --on ${host}`,
    })
  }
  return {
    held: {
      async release() {
        state = 'released'
        end.abort()
        const done = new AbortController()
        const waited = sleep(RELEASE, 'late' as const, { signal: done.signal }).catch(() => 'late' as const)
        if ((await Promise.race([ended, waited])) === 'late') stop.abort()
        done.abort()
      },
    },
  }
}

/** A byte now and then, until told to end. */
async function* beats(end: AbortSignal, interval: () => number): AsyncGenerator<Uint8Array> {
  const byte = Buffer.from('.')
  while (!end.aborted) {
    yield byte
    await sleep(interval(), undefined, { signal: end }).catch(() => undefined)
  }
}

const noLease = (host: string, names: readonly string[], code: number, said: string): FleetError =>
  new CommandError(`no lease on ${names.join(', ')} (exit code ${code})${tail(said, { width: 300 })}`, {
    host,
    hint: `fleet provision --on ${host}`,
  })

/** A host that cannot be heard, or whose holder has ended, is none that we may go on with. */
const lost = (host: string, names: readonly string[], cause: Error | 'silence'): FleetError => {
  const why = cause === 'silence' ? `the host was not heard of for ${SILENCE / 1000} s` : messageOf(cause)
  const details = { host, hint: 'run the same command again: it goes on where this stopped', cause }
  const message = `lost the lease on ${names.join(', ')}: ${why}`
  return cause === 'silence' || cause instanceof ConnectError
    ? new ConnectError(message, details)
    : new CommandError(message, details)
}
