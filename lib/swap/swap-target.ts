import { proxyOf } from '../proxy/proxy-of.ts'
import { ConfigError } from '../errors.ts'
import type { ContainerService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Door } from '../proxy/front-door.ts'
import type { Proxy } from '../proxy/proxy.ts'
import { readProxies, type ProxyView } from '../proxy/proxies.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'

/** A service with two slots, and where it runs. */
export interface SwapTarget {
  /** The service's name, also its backend's. */
  readonly name: string
  readonly service: ContainerService
  /** Every host of the service's role but those in quarantine: a flip is for all or for none. */
  readonly hosts: readonly FleetHost[]
  /** Hosts in quarantine: no proxy sends them anything, and nothing is done to them. */
  readonly away?: readonly FleetHost[]
  /** The folder of the users' logs, where the fleet keeps them on these hosts: its containers write there. */
  readonly logs?: string
  /** Every host of the proxy's role. */
  readonly proxies: readonly FleetHost[]
  /** The host that the service's backup runs on. */
  readonly backup?: FleetHost
  /** Where users come in; without it nothing is proven by traffic. */
  readonly door?: Door
}

export interface SwapLimits {
  /** How long a slot may take until it answers 200. */
  readonly healthSeconds: number
  /** How long requests of the old slot are waited for; streams that go on are not cut off. */
  readonly drainSeconds: number
  /** How long the new slot is watched before the deploy is done. */
  readonly watchSeconds: number
  /** The share of failed requests above which everything is flipped back. */
  readonly errorLimit: number
  /** How long the program has to end its work when its slot is stopped. */
  readonly stopSeconds: number
}

export const LIMITS: SwapLimits = {
  healthSeconds: 60,
  drainSeconds: 30,
  watchSeconds: 10,
  errorLimit: 0.02,
  stopSeconds: 30,
}

/** A target with its proxies, ready to be asked and told. */
export interface Swap {
  readonly ctx: RolloutContext
  readonly target: SwapTarget
  readonly limits: SwapLimits
  readonly proxies: readonly Proxy[]
  readonly names: readonly string[]
  readonly read: () => Promise<ProxyView>
}

/** Connects a target to its proxies; nothing is sent yet. */
export function openSwap(ctx: RolloutContext, target: SwapTarget, limits: Partial<SwapLimits> = {}): Swap {
  const { name, service, hosts } = target
  if (hosts.length === 0)
    throw new ConfigError(`no host runs ${name}`, { hint: `fleet hosts --role ${service.role}` })
  if (target.proxies.length === 0) {
    throw new ConfigError(`no proxy stands in front of ${name}`, {
      hint: `fleet hosts --role ${service.proxy.role}`,
    })
  }
  const proxies = target.proxies.map(host => proxyOf(ctx.on(host), name, service))
  const names = hosts.map(host => host.name)
  return {
    ctx,
    target,
    limits: { ...LIMITS, ...limits },
    proxies,
    names,
    read: () => readProxies(proxies, names),
  }
}
