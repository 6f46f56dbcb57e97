import { pause } from '../rollout/pause.ts'
import type { ProxyView } from './proxies.ts'
import { ofSlot } from './proxies.ts'
import type { Slot } from '../swap/slot.ts'

/** What is left of a slot's requests, by the proxies' own count. */
export interface Drained {
  readonly open: number
  /** The servers that still have some. */
  readonly servers: readonly string[]
  readonly milliseconds: number
}

/** Waits until the proxies count no request in a slot, `seconds` at most. Cuts nothing off. */
export async function waitDrained(
  read: () => Promise<ProxyView>,
  slot: Slot,
  seconds: number,
  signal: AbortSignal,
): Promise<Drained> {
  const started = performance.now()
  for (;;) {
    const busy = ofSlot((await read()).servers, slot).filter(({ sessions }) => sessions > 0)
    const milliseconds = Math.round(performance.now() - started)
    if (busy.length === 0 || milliseconds >= seconds * 1000) {
      const open = busy.reduce((sum, { sessions }) => sum + sessions, 0)
      return { open, servers: [...new Set(busy.map(({ name }) => name))], milliseconds }
    }
    await pause(Math.min(500, Math.max(50, seconds * 1000 - milliseconds)), signal)
  }
}
