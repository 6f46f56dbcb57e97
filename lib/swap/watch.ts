import type { ProxyServer } from '../proxy/proxy.ts'
import { pause } from '../rollout/pause.ts'
import { ofSlot, type ProxyView } from '../proxy/proxies.ts'
import type { Slot } from './slot.ts'

export interface WatchOptions {
  readonly seconds: number
  /** The share of failed requests that is too much. */
  readonly limit: number
  /** Fewer failures than this prove nothing. */
  readonly least?: number
  /** Why it must not go on, as others see it. */
  readonly fault?: () => string | undefined
  readonly signal: AbortSignal
  /** Whether too many servers are down; any one is, unless told. */
  readonly isShort?: (down: readonly ProxyServer[]) => boolean
}

/** What the proxies saw of a slot since it serves. */
export interface Watched {
  readonly requests: number
  readonly errors: number
  /** Why it must not go on serving; undefined when all is well. */
  readonly fault?: string
}

/** What has happened since `before`. A proxy that was reloaded counts from zero again. */
export function since(before: readonly ProxyServer[], now: readonly ProxyServer[]): Watched {
  const sum = (key: 'requests' | 'errors'): number => {
    const total = (servers: readonly ProxyServer[]) => servers.reduce((all, server) => all + server[key], 0)
    const difference = total(now) - total(before)
    return difference < 0 ? total(now) : difference
  }
  return { requests: sum('requests'), errors: sum('errors') }
}

/** Watches the proxies' own counters of a slot, and ends early when they show that it is ill. */
export async function watchSlot(
  read: () => Promise<ProxyView>,
  slot: Slot,
  before: readonly ProxyServer[],
  {
    seconds,
    limit,
    least = 3,
    fault = () => undefined,
    signal,
    isShort = down => down.length > 0,
  }: WatchOptions,
): Promise<Watched> {
  const started = performance.now()
  for (;;) {
    const now = ofSlot((await read()).servers, slot)
    const seen = since(ofSlot(before, slot), now)
    const down = now.filter(({ health }) => health === 'down')
    if (isShort(down)) {
      const list = down.map(({ name, check }) => `${name} (${check})`).join(', ')
      return { ...seen, fault: `the proxy's check fails for ${list}` }
    }
    if (seen.errors >= least && seen.errors > limit * seen.requests) {
      return { ...seen, fault: `${seen.errors} of ${seen.requests} requests failed` }
    }
    const told = fault()
    if (told !== undefined) return { ...seen, fault: told }
    const left = seconds * 1000 - (performance.now() - started)
    if (left <= 0) return seen
    await pause(Math.min(500, left), signal)
  }
}
