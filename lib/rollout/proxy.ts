import type { Slot } from './slot.ts'

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
}

/** The name that a slot of a host has in the proxy. */
export const serverName = (host: string, slot: Slot): string => `${host}-${slot}`

/** Reads a server's name; undefined for one that is not a slot's. */
export function parseServerName(name: string): { host: string; slot: Slot } | undefined {
  const [, host, slot] = /^(.+)-(blue|green)$/.exec(name) ?? []
  return host === undefined || (slot !== 'blue' && slot !== 'green') ? undefined : { host, slot }
}
