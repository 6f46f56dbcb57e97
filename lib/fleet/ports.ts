import type { Fleet } from './model.ts'
import type { FleetHost } from './resolved.ts'

/** One open port of a host, with the addresses that may connect to it. */
export interface OpenPort {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** Everybody when not told. */
  readonly from?: readonly string[]
}

/** The ports that `host` declares by its role, its SSH port first. Everything else is closed. */
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
  ]
}
