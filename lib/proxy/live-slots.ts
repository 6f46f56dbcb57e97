import type { TaskContext } from '../task/context.ts'
import { isPair } from '../fleet/pair-model.ts'
import { targetOf } from '../swap/target-of.ts'
import { liveSlot, readProxies, type ProxyView } from './proxies.ts'
import type { ProxyServer } from './proxy.ts'
import type { Slot } from '../swap/slot.ts'
import { openSwap, type Swap, type SwapTarget } from '../swap/swap-target.ts'
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

/** What those proxies say that can be read; undefined when none can. */
async function readSome({ proxies, names }: Pick<Swap, 'proxies' | 'names'>): Promise<ProxyView | undefined> {
  const ends = await Promise.allSettled(proxies.map(proxy => readProxies([proxy], names)))
  const views = ends.flatMap(end => (end.status === 'fulfilled' ? [end.value] : []))
  if (views.length === 0) return undefined
  const servers = views.flatMap(view => view.servers)
  return { servers, live: liveSlot(servers) }
}

/**
 * The slot that the proxies serve, by service with slots. One of several proxies that cannot be read is told of elsewhere; a
 * service with none that can is left out.
 */
export async function liveSlots(ctx: TaskContext): Promise<ReadonlyMap<string, LiveSlot>> {
  const live = new Map<string, LiveSlot>()
  for (const [name, service] of Object.entries(ctx.fleet.services)) {
    if (!isPair(service) && service.kind !== 'container') continue
    const target = targetOf(ctx, name, service)
    const view = await readSome(openSwap(ctx, target))
    const slot = view === undefined ? undefined : readLiveSlot(view)
    if (slot !== undefined) live.set(name, withoutSpare(target, slot))
  }
  return live
}
