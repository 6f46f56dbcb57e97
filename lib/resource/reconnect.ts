import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectError } from '../errors.ts'
import type { Transport } from '../transport/transport.ts'

export interface Reconnect {
  /** Opens another connection to the host in place of one that is lost. */
  readonly reconnect?: () => Promise<Transport>
  readonly signal?: AbortSignal
  /** Milliseconds to try for. 30 s unless told. */
  readonly reconnectFor?: number
}

const PATIENCE = 30_000
const PAUSE = 1000

/** Another connection, or undefined when none was to be had in time. */
export async function reconnected(options: Reconnect): Promise<Transport | undefined> {
  const { reconnect, signal, reconnectFor = PATIENCE } = options
  if (reconnect === undefined) return undefined
  const until = performance.now() + reconnectFor
  do {
    try {
      return await reconnect()
    } catch (error) {
      if (!(error instanceof ConnectError) || signal?.aborted === true) return undefined
    }
    await sleep(PAUSE, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  } while (performance.now() < until)
  return undefined
}
