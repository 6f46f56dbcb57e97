import type { SwapTarget } from '../swap/swap-target.ts'

type Sized = Pick<SwapTarget, 'service' | 'hosts'>

/** Whether a service is placed on a swarm of its hosts. */
export const isSwarm = ({ service }: Pick<SwapTarget, 'service'>): boolean =>
  service.kind === 'container' && service.placement === 'swarm'

/** How many containers a slot has in all: one a host unless told, and never two on one, which share a port. */
export const replicasOf = ({ service, hosts }: Sized): number =>
  service.kind === 'container' && isSwarm({ service })
    ? Math.min(service.replicas ?? hosts.length, hosts.length)
    : hosts.length

/** On how many hosts a healthy slot may have no container: where the swarm can move one to. */
export const spareHosts = (target: Sized): number => target.hosts.length - replicasOf(target)

/** Whether more hosts of a slot are in trouble than it has to spare. Proxies may each see the same host. */
export const isShort = (target: Sized, troubled: readonly { readonly host: string }[]): boolean =>
  new Set(troubled.map(({ host }) => host)).size > spareHosts(target)
