import type { TaskContext } from '../task/context.ts'
import { isPair } from '../fleet/pair-model.ts'
import { targetOf } from '../swap/target-of.ts'
import type { ProxyView } from './proxies.ts'
import type { ProxyServer } from './proxy.ts'
import type { Slot } from '../swap/slot.ts'
import { openSwap, type SwapTarget } from '../swap/swap-target.ts'
import { isShort } from '../swarm/size.ts'

/** A server that takes new requests, as one proxy sees it. */
export type LiveServer = Pick<ProxyServer, 'host' | 'slot' | 'health' | 'check'>

/** What the proxies serve of a service. */
export interface LiveSlot {
  readonly slot: Slot | 'mixed'
  /** One for each host and proxy. */
  readonly servers: readonly LiveServer[]
}

/** The live slot in what the proxies say; undefined when nothing takes requests. */
export function readLiveSlot({ live, servers }: ProxyView): LiveSlot | undefined {
  if (live === undefined) return undefined
  const serving = servers.filter(({ admin }) => admin === 'ready')
  return {
    slot: live,
    servers: serving.map(({ host, slot, health, check }) => ({ host, slot, health, check })),
  }
}

/** Without the hosts on which a swarm needs no container: nothing is wrong with them. */
function withoutSpare(target: SwapTarget, live: LiveSlot): LiveSlot {
  const down = live.servers.filter(({ health }) => health === 'down')
  return isShort(target, down)
    ? live
    : { ...live, servers: live.servers.filter(each => !down.includes(each)) }
}

/** The slot that the proxies serve, by service with slots. A service whose proxy cannot be read is left out. */
export async function liveSlots(ctx: TaskContext): Promise<ReadonlyMap<string, LiveSlot>> {
  const live = new Map<string, LiveSlot>()
  for (const [name, service] of Object.entries(ctx.fleet.services)) {
    if (!isPair(service) && service.kind !== 'container') continue
    const target = targetOf(ctx, name, service)
    const view = await openSwap(ctx, target)
      .read()
      .catch(() => undefined)
    const slot = view === undefined ? undefined : readLiveSlot(view)
    if (slot !== undefined) live.set(name, withoutSpare(target, slot))
  }
  return live
}
