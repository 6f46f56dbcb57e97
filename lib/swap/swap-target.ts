import { proxyOf } from '../proxy/proxy-of.ts'
import { ConfigError } from '../errors.ts'
import type { ContainerService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Door } from '../proxy/front-door.ts'
import type { Proxy } from '../proxy/proxy.ts'
import { readProxies, type ProxyView } from '../proxy/proxies.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { hostSlots } from '../pair/host-slots.ts'
import type { PairTarget } from '../pair/pair-target.ts'
import { isPair } from '../fleet/pair-model.ts'
import { containerSlots } from './container-slots.ts'
import type { Slot } from './slot.ts'
import { slotHosts } from './slot-hosts.ts'
import type { Slots } from './slots.ts'

/** What every target has. */
export interface Target {
  /** The service's name, also its backend's. */
  readonly name: string
  /** Every host of the service's role but those that are `away`: a flip is for all or for none. */
  readonly hosts: readonly FleetHost[]
  /** Hosts to which nothing is done: in quarantine, and no proxy sends them anything; or a pair's that does not answer. */
  readonly away?: readonly FleetHost[]
  /** Every host of the proxy's role. */
  readonly proxies: readonly FleetHost[]
  /** Where users come in; without it nothing is proven by traffic. */
  readonly door?: Door
}

/** A service with both its slots on each of its hosts. */
export interface ContainerTarget extends Target {
  readonly service: ContainerService
  /** The folder of the users' logs, where the fleet keeps them on these hosts: its containers write there. */
  readonly logs?: string
  /** The host that the service's backup runs on. */
  readonly backup?: FleetHost
}

/** A service with two slots, and where it runs. */
export type SwapTarget = ContainerTarget | PairTarget

export const isPairTarget = (target: SwapTarget): target is PairTarget => isPair(target.service)

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
export interface Opened<T extends SwapTarget = SwapTarget> {
  readonly ctx: RolloutContext
  readonly target: T
  readonly limits: SwapLimits
  readonly proxies: readonly Proxy[]
  /** The hosts of a slot. */
  readonly names: (slot: Slot) => readonly string[]
  readonly read: () => Promise<ProxyView>
}

/** The same with what its slots are made of. */
export interface Swap<T extends SwapTarget = SwapTarget> extends Opened<T> {
  readonly slots: Slots
}

/** Connects a target to its proxies; nothing is sent yet. */
export function openSwap<T extends SwapTarget>(
  ctx: RolloutContext,
  target: T,
  limits: Partial<SwapLimits> = {},
): Swap<T> {
  const { name, service, hosts } = target
  if (hosts.length === 0)
    throw new ConfigError(`no host runs ${name}`, { hint: `fleet hosts --role ${service.role}` })
  if (target.proxies.length === 0) {
    throw new ConfigError(`no proxy stands in front of ${name}`, {
      hint: `fleet hosts --role ${service.proxy.role}`,
    })
  }
  const proxies = target.proxies.map(host => proxyOf(ctx.on(host), name, service))
  const names = (slot: Slot) => slotHosts(target, slot)
  const opened: Opened<T> = {
    ctx,
    target,
    limits: { ...LIMITS, ...limits },
    proxies,
    names,
    read: () => readProxies(proxies, names),
  }
  return { ...opened, slots: slotsOf(opened) }
}

function slotsOf({ target, ...opened }: Opened): Slots {
  return isPairTarget(target) ? hostSlots({ ...opened, target }) : containerSlots({ ...opened, target })
}
