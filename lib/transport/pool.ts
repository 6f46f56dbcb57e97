import { setTimeout as delay } from 'node:timers/promises'
import pLimit, { type LimitFunction } from 'p-limit'
import { AbortedError, ConnectError } from '../errors.ts'
import { isTransient } from './connect-error.ts'
import { login } from './endpoint.ts'
import type { Connect, ExecOptions, Target, Transport } from './transport.ts'

export interface PoolOptions {
  readonly signal: AbortSignal
  /** Milliseconds for each connection. */
  readonly timeout: number
  /** Handshakes at once, 10 unless told. */
  readonly concurrency?: number
}

/** Connections that a run shares. */
export interface Pool {
  /** The connection to a host as a user: opened by whoever asks first, shared by all others. */
  open(target: Target): Promise<Transport>
  /** Ends all connections, those still being opened as well. Nothing opens after it. */
  closeAll(): Promise<void>
}

/** sshd drops logins at random above 10 unfinished ones (MaxStartups 10:30:100). */
const HANDSHAKES = 10
/** A jump serves all hosts behind it, and other people. */
const HANDSHAKES_THROUGH_A_JUMP = 4
/** Milliseconds, and up to twice as many so that a crowd does not come back together. */
const RETRY_AFTER = 200

const keyOf = (target: Target): string => `${target.name} ${login(target)}`

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

/**
 * A pool over `connect`. Handshakes are paced, and a connection that the network broke off is tried once more; a refused
 * login or host key never is. A failed, closed or lost connection is forgotten, so that the next `open` tries afresh.
 */
export function createPool(connect: Connect, options: PoolOptions): Pool {
  const concurrency = options.concurrency ?? HANDSHAKES
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const paced = pLimit(concurrency)
  const jumps = new Map<string, LimitFunction>()
  const entries = new Map<string, Promise<Transport>>()

  /** Waits for the jump first: who waits there must not hold one of the common places. */
  const pace = (target: Target, work: () => Promise<Transport>): Promise<Transport> => {
    const jump = target.jumps?.[0]
    if (jump === undefined) return paced(work)
    const limit = jumps.get(keyOf(jump)) ?? pLimit(Math.min(concurrency, HANDSHAKES_THROUGH_A_JUMP))
    jumps.set(keyOf(jump), limit)
    return limit(() => paced(work))
  }

  const attempt = (target: Target): Promise<Transport> =>
    pace(target, () => {
      if (signal.aborted) throw new AbortedError('stopped before connecting', { host: target.name })
      return connect(target, { signal, timeout: options.timeout })
    })

  const openNew = (target: Target): Promise<Transport> => {
    const key = keyOf(target)
    const forget = () => {
      if (entries.get(key) === entry) entries.delete(key)
    }
    const entry: Promise<Transport> = attempt(target)
      .catch(async (error: unknown) => {
        if (!isTransient(error) || signal.aborted) throw error
        // An aborted wait ends early; the attempt then says so.
        await delay(RETRY_AFTER * (1 + Math.random()), undefined, { signal }).catch(() => undefined)
        return attempt(target)
      })
      .then(
        transport =>
          watched(transport, () => {
            forget()
            // Frees the jump's connection, too.
            void transport.close().catch(() => undefined)
          }),
        (error: unknown) => {
          forget()
          throw error
        },
      )
    entries.set(key, entry)
    return entry
  }

  return {
    open: target => entries.get(keyOf(target)) ?? openNew(target),
    async closeAll() {
      stop.abort()
      const opened = await Promise.allSettled(entries.values())
      entries.clear()
      await Promise.allSettled(
        opened.flatMap(result => (result.status === 'fulfilled' ? [result.value.close()] : [])),
      )
    },
  }
}
