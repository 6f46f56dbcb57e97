import { ConfigError } from '../errors.ts'
import type { Slot } from '../swap/slot.ts'

/** `ready` takes new requests, `drain` only ends those it has, `maint` takes none and is not checked. */
export type Admin = 'ready' | 'drain' | 'maint'

/** One slot of one host, as a proxy sees it now. */
export interface ProxyServer {
  /** `web1-blue`. */
  readonly name: string
  readonly host: string
  readonly slot: Slot
  readonly admin: Admin
  /** By the proxy's own checks; `unknown` until the first one has ended. */
  readonly health: 'up' | 'down' | 'unknown'
  /** The last check in words: `L7STS 503`. */
  readonly check: string
  /** Requests and streams in flight. */
  readonly sessions: number
  /** Requests since the proxy started. */
  readonly requests: number
  /** Of these, answers of 500 and above, broken answers and refused connections. */
  readonly errors: number
}

export interface AdminChange {
  readonly server: string
  readonly admin: Admin
  /** The path that it is checked by from now on: each slot is asked what its own release answers. */
  readonly health?: string
}

/** A flip as its run's folder on the proxy's host notes it. */
export interface NotedFlip {
  readonly runId: string
  readonly slot: Slot
  /** Made also when the run was asked to stop: a way back. */
  readonly always?: boolean
}

/** What a proxy does with new requests before a slot gets them. The health path is always answered from a slot. */
export interface Admission {
  /** Users get the service's maintenance page. */
  readonly maintenance: boolean
  /** Milliseconds for which requests are still held back; 0 when they are not. */
  readonly heldMilliseconds: number
}

/** What is left out stays as it is. */
export interface AdmissionChange {
  readonly maintenance?: boolean
  /** How long requests are held back from now on; 0 lets them go. */
  readonly holdSeconds?: number
}

/** A proxy in front of a service, on one host: the only source of what is live. */
export interface Proxy {
  /** The proxy's host. */
  readonly host: string
  read(): Promise<readonly ProxyServer[]>
  /**
   * Makes all changes with one command, and then makes them survive a reload and a restart. Resolves with the
   * milliseconds that the proxy itself took for the command. A flip is noted by the same command, which throws an
   * AbortedError, and changes nothing, where its run was asked to stop before.
   */
  set(changes: readonly AdminChange[], flip?: NotedFlip): Promise<number>
  admission(): Promise<Admission>
  /**
   * Changes it with one execution and makes that survive a reload and a restart; a hold ends by itself. Resolves with
   * whether anything was otherwise before.
   */
  admit(change: AdmissionChange): Promise<boolean>
}

/** What a host without slots is called in a proxy: it is one slot of its own. */
export const WHOLE_HOST: Slot = 'blue'

/** The name that a slot of a host has in the proxy. */
export const serverName = (host: string, slot: Slot): string => `${host}-${slot}`

/** Reads a server's name; undefined for one that is not a slot's. */
export function parseServerName(name: string): { host: string; slot: Slot } | undefined {
  const [, host, slot] = /^(.+)-(blue|green)$/.exec(name) ?? []
  return host === undefined || (slot !== 'blue' && slot !== 'green') ? undefined : { host, slot }
}

/**
 * Throws a ConfigError unless all are names that slots can have, letters, digits, dots and dashes of a host's name, and
 * paths that they can be asked for. What a proxy is told is a line of commands in its own language, in which another
 * word could say something else.
 */
export function checkSlots(changes: readonly AdminChange[], host: string): void {
  const wrong = changes
    .map(({ server }) => server)
    .filter(name => !/^[a-z0-9][a-z0-9.-]*-(blue|green)$/.test(name))
  if (wrong.length > 0) {
    throw new ConfigError(
      `${wrong.map(name => JSON.stringify(name)).join(', ')} cannot be the name of a slot`,
      { host },
    )
  }
  const path = changes.find(({ health = '/' }) => !/^\/[\w./:?&=~%+@-]*$/.test(health))?.health
  if (path !== undefined) {
    throw new ConfigError(`${JSON.stringify(path)} cannot be a path of checks`, { host })
  }
}
