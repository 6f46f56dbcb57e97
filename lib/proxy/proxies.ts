import { AbortedError, ConfigError, HostsFailedError } from '../errors.ts'
import {
  serverName,
  type NotedFlip,
  type Admin,
  type AdminChange,
  type Proxy,
  type ProxyServer,
} from './proxy.ts'
import { SLOTS, otherSlot, type Slot } from '../swap/slot.ts'

/** All proxies of a service, as one. */
export interface ProxyView {
  /** Each server as each proxy sees it. */
  readonly servers: readonly ProxyServer[]
  /** The slot that takes new requests; `mixed` when both do somewhere: a flip was cut off. */
  readonly live: Slot | 'mixed' | undefined
}

/** The hosts of a slot, by name; a list where both slots are on the same ones. */
type HostsOf = readonly string[] | ((slot: Slot) => readonly string[])

const ofSide = (hosts: HostsOf, slot: Slot): readonly string[] =>
  typeof hosts === 'function' ? hosts(slot) : hosts

/** Reads all proxies. Throws when one does not know a slot of one of its hosts. */
export async function readProxies(proxies: readonly Proxy[], hosts: HostsOf): Promise<ProxyView> {
  const views = await Promise.all(proxies.map(proxy => proxy.read()))
  const issues = views.flatMap((servers, index) => {
    const known = new Set(servers.map(({ name }) => name))
    const wanted = SLOTS.flatMap(slot => ofSide(hosts, slot).map(host => serverName(host, slot)))
    const missing = wanted.filter(name => !known.has(name))
    return missing.length === 0 ? [] : [`${proxies[index]?.host ?? ''} does not know ${missing.join(', ')}`]
  })
  if (issues.length > 0) {
    throw new ConfigError('the proxy is not set up for this service', { issues, hint: 'fleet provision' })
  }
  const servers = views.flat().filter(({ host, slot }) => ofSide(hosts, slot).includes(host))
  return { servers, live: liveSlot(servers) }
}

/** The slot that takes new requests. */
export function liveSlot(servers: readonly ProxyServer[]): ProxyView['live'] {
  const ready = new Set(servers.filter(({ admin }) => admin === 'ready').map(({ slot }) => slot))
  const [first] = ready
  return ready.size > 1 ? 'mixed' : first
}

/** The servers of one slot. */
export const ofSlot = (servers: readonly ProxyServer[], slot: Slot): ProxyServer[] =>
  servers.filter(server => server.slot === slot)

/**
 * Sets the slot of some hosts in every proxy, one execution a proxy; `health` is the path that it is asked for from then
 * on. Gives the longest time a proxy took.
 */
export async function setSlot(
  proxies: readonly Proxy[],
  hosts: readonly string[],
  slot: Slot,
  admin: Admin,
  health?: string,
): Promise<number> {
  const changes = hosts.map(host => ({
    server: serverName(host, slot),
    admin,
    ...(health === undefined ? {} : { health }),
  }))
  return Math.max(0, ...(await Promise.all(proxies.map(proxy => proxy.set(changes)))))
}

const isStopped = (error: unknown): boolean => error instanceof AbortedError

/** Which proxies failed at a flip, and on which of them what served before serves as before. */
function flipFailed(
  proxies: readonly Proxy[],
  ends: readonly PromiseSettledResult<unknown>[],
  undone: readonly PromiseSettledResult<unknown>[],
  back: Slot | undefined,
): Error {
  const errors = proxies.flatMap(({ host }, index) => {
    const end = ends[index]
    if (end?.status !== 'rejected') return []
    const error = end.reason instanceof Error ? end.reason : new Error(String(end.reason))
    return [{ host, error }]
  })
  const failures = errors.filter(({ error }) => !isStopped(error))
  const [stopped] = errors
  if (failures.length === 0 && stopped !== undefined) return stopped.error
  const named = (status: string) =>
    proxies.flatMap(({ host }, index) => (undone[index]?.status === status ? [host] : [])).join(', ')
  const [as, unsure] = [named('fulfilled'), named('rejected')]
  const standing = [
    ...(as === '' ? [] : [`${back ?? 'nothing'} serves on ${as} as before`]),
    ...(unsure === '' ? [] : [`not known of ${unsure}: the next deploy finishes the flip or undoes it`]),
  ].join('; ')
  return new HostsFailedError(failures, proxies.length, { standing })
}

/** How a flip went. */
export interface Flip {
  /** Milliseconds from the first command to the last answer, as the operator waits for it. */
  readonly milliseconds: number
  /** Milliseconds the slowest proxy took for its command. */
  readonly proxyMilliseconds: number
}

/**
 * Sends all new requests to `to`: every host in every proxy, with one command each. When one proxy fails, the others
 * are set back before the error is thrown, so that all serve the same; it says where they do. `noted` is the run that flips:
 * one that was asked to stop does not, on any proxy, unless `always`.
 */
export async function flip(
  proxies: readonly Proxy[],
  hosts: HostsOf,
  to: Slot,
  back: Slot | undefined,
  noted?: Pick<NotedFlip, 'runId' | 'always'>,
): Promise<Flip> {
  const started = performance.now()
  const told = (slot: Slot, admin: Admin): readonly AdminChange[] =>
    ofSide(hosts, slot).map(host => ({ server: serverName(host, slot), admin }))
  const changes = (slot: Slot) => [...told(slot, 'ready'), ...told(otherSlot(slot), 'drain')]
  // On a first deploy nothing listens in the other slot: it stays as it is, unchecked and quiet.
  const wanted = changes(to).filter(({ admin }) => back !== undefined || admin === 'ready')
  const ends = await Promise.allSettled(
    proxies.map(proxy => proxy.set(wanted, noted && { ...noted, slot: to })),
  )
  if (ends.some(end => end.status === 'rejected')) {
    const undo = back === undefined ? told(to, 'drain') : changes(back)
    const undone = noted && back && { ...noted, slot: back, always: true }
    const undoing = proxies.map(async (proxy, index) => {
      const end = ends[index]
      // One that was stopped before it has nothing to undo.
      if (end?.status !== 'rejected' || !isStopped(end.reason)) await proxy.set(undo, undone)
    })
    throw flipFailed(proxies, ends, await Promise.allSettled(undoing), back)
  }
  return {
    milliseconds: Math.round(performance.now() - started),
    proxyMilliseconds: Math.max(0, ...ends.map(end => (end.status === 'fulfilled' ? end.value : 0))),
  }
}
