import type { Fleet } from './model.ts'
import type { FleetHost } from './resolved.ts'

/** One open port of a host, with the addresses that may connect to it. */
export interface OpenPort {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Everybody when not told. */
  readonly from?: readonly string[]
}

/** What the nodes of a Docker Swarm say to each other: its managers, gossip, and networks that span hosts. */
export const SWARM_PORTS: readonly OpenPort[] = [
  { port: 2377, protocol: 'tcp' },
  { port: 7946, protocol: 'tcp' },
  { port: 7946, protocol: 'udp' },
  { port: 4789, protocol: 'udp' },
]

/** Whether the hosts of a role are a swarm. */
export const isSwarmRole = ({ services }: Fleet, role: string): boolean =>
  Object.values(services).some(
    service => service.kind === 'container' && service.placement === 'swarm' && service.role === role,
  )

/**
 * The ports that `host` declares by its role, its SSH port first. Those of its swarm are open to the
 * swarm alone. Everything else is closed.
 */
export function openPorts(fleet: Fleet, host: FleetHost, hosts: readonly FleetHost[]): readonly OpenPort[] {
  const declared = fleet.roles[host.role]?.ports ?? []
  const addresses = (roles: 'fleet' | readonly string[]) =>
    hosts
      .filter(other => other.name !== host.name && (roles === 'fleet' || roles.includes(other.role)))
      .map(other => other.address)
      .toSorted()
  return [
    { port: host.target.port, protocol: 'tcp' },
    ...declared.map(({ port, protocol = 'tcp', from }) => ({
      port,
      protocol,
      ...(from === 'anywhere' ? {} : { from: addresses(from) }),
    })),
    ...(isSwarmRole(fleet, host.role)
      ? SWARM_PORTS.map(open => ({ ...open, from: addresses([host.role]) }))
      : []),
  ]
}
