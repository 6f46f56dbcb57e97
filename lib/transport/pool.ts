import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { AbortedError, ConnectError } from '../errors.ts'
import { isTransient } from './connect-error.ts'
import { hopsTo } from './connect.ts'
import { login } from './endpoint.ts'
import type { Keyring } from './keyring.ts'
import { Pace } from './pace.ts'
import type { Connect, ExecOptions, Target, Transport } from './transport.ts'

export interface PoolOptions {
  readonly signal: AbortSignal
  /** Milliseconds for each connection. */
  readonly timeout: number
  readonly keyring?: Keyring
  /** Handshakes at once, 32 unless told. */
  readonly concurrency?: number
  /** Milliseconds before a second try, 300 unless told. */
  readonly retryAfter?: number
}

/** Connections that a run shares. */
export interface Pool {
  /** The connection to a host as a user: opened by whoever asks first, shared by all others. */
  open(target: Target): Promise<Transport>
  /** Ends all connections, those still being opened as well. Nothing opens after it. */
  closeAll(): Promise<void>
}

/** More would only wait for this machine's processor: a handshake takes it 5 to 10 ms. */
const HANDSHAKES = 32
/**
 * Tries of a connection that is broken off before the login: by a full MaxStartups, a penalty for our address
 * (PerSourcePenalties, a second or more), or the network. The waits between double, 4.5 s together and up to twice that.
 */
const TRIES = 5
/** Milliseconds before the second try, and up to twice as many so that a crowd does not come back together. */
const RETRY_AFTER = 300

const keyOf = (target: Target): string => `${target.name} ${login(target)} ${target.transport ?? 'ssh'}`

/** The same transport, telling when a call found the connection gone. */
function watched(transport: Transport, onLost: () => void): Transport {
  const watch = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      if (error instanceof ConnectError) onLost()
      throw error
    }
  }
  return {
    host: transport.host,
    user: transport.user,
    get cost() {
      return transport.cost
    },
    exec: (command: string, options?: ExecOptions) => watch(transport.exec(command, options)),
    forward: (address, port) => watch(transport.forward(address, port)),
    close: () => {
      onLost()
      return transport.close()
    },
  }
}

/** One connection of the pool: as `connect` gave it, and as callers get it. */
interface Entry {
  readonly raw: Promise<Transport>
  readonly shared: Promise<Transport>
}

/**
 * A pool over `connect`. Handshakes are paced, hosts behind a jump share the one connection to it, and a connection that
 * is broken off during the handshake is tried again; a refused login or host key never is. A failed, closed or lost
 * connection is forgotten, so that the next `open` tries afresh.
 */
export function createPool(connect: Connect, options: PoolOptions): Pool {
  const { timeout, keyring, retryAfter = RETRY_AFTER } = options
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  // Each handshake listens to it.
  setMaxListeners(0, signal)
  const pace = new Pace(options.concurrency ?? HANDSHAKES)
  const entries = new Map<string, Entry>()

  const attempt = async (target: Target, isFirst = true): Promise<Transport> => {
    const jump = jumpOf(target)
    const through = jump === undefined ? undefined : entryOf(jump)
    const via = await through?.raw
    try {
      return await pace.run(target, () => {
        if (signal.aborted) throw new AbortedError('stopped before connecting', { host: target.name })
        return connect(target, {
          signal,
          timeout,
          ...(keyring === undefined ? {} : { keyring }),
          ...(via === undefined ? {} : { via }),
        })
      })
    } catch (error) {
      if (jump === undefined || via === undefined || !isFirst || signal.aborted || !(await isGone(via)))
        throw error
      // The jump was lost since somebody opened it.
      if (entries.get(keyOf(jump)) === through) entries.delete(keyOf(jump))
      return attempt(target, false)
    }
  }

  const persist = async (target: Target): Promise<Transport> => {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(target)
      } catch (error) {
        if (tries >= TRIES || !isTransient(error) || signal.aborted) throw error
        pace.narrow(target)
      }
      const wait = retryAfter * 2 ** (tries - 1) * (1 + Math.random())
      // An aborted wait ends early; the attempt then says so.
      await delay(wait, undefined, { signal }).catch(() => undefined)
    }
  }

  const openNew = (target: Target): Entry => {
    const key = keyOf(target)
    const forget = () => {
      if (entries.get(key) === entry) entries.delete(key)
    }
    const raw = persist(target)
    const shared = raw.then(
      transport =>
        watched(transport, () => {
          forget()
          // Frees what the host holds for us, too.
          void transport.close().catch(() => undefined)
        }),
      (error: unknown) => {
        forget()
        throw error
      },
    )
    // Who opened it is told; a jump is opened by nobody in particular.
    shared.catch(() => undefined)
    const entry: Entry = { raw, shared }
    entries.set(key, entry)
    return entry
  }

  const entryOf = (target: Target): Entry => entries.get(keyOf(target)) ?? openNew(target)

  return {
    open: target => entryOf(target).shared,
    async closeAll() {
      stop.abort()
      // Hosts before the jumps that they are reached through.
      const opened = await Promise.allSettled([...entries.values()].toReversed().map(entry => entry.shared))
      entries.clear()
      await Promise.allSettled(
        opened.flatMap(result => (result.status === 'fulfilled' ? [result.value.close()] : [])),
      )
    },
  }
}

/** The last jump of a target, with the jumps before it as its own. */
function jumpOf(target: Target): Target | undefined {
  const hops = hopsTo(target)
  const jump = hops.at(-2)
  return jump === undefined ? undefined : { ...jump, jumps: hops.slice(0, -2) }
}

/** Whether a connection is lost. What else is wrong with a command on a jump, such as having no shell, does not matter. */
const isGone = (transport: Transport): Promise<boolean> =>
  transport.exec(':', { timeout: 5000 }).then(
    () => false,
    (error: unknown) => error instanceof ConnectError,
  )
