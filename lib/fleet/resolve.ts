import { ConfigError } from '../errors.ts'
import type { Machine } from '../providers/provider.ts'
import type { Target } from '../transport/transport.ts'
import type { Fleet, Host } from './model.ts'
import type { FleetHost } from './resolved.ts'

/** What the operator's machine adds to a fleet: keys, and the host keys it already trusts. */
export interface LocalAccess {
  readonly identityFile?: string
  readonly agent?: string
  /** Pinned keys of `address:port` from the operator's known_hosts. */
  knownKeys(address: string, port: number): readonly string[]
}

function resolveHost(
  name: string,
  host: Host,
  machine: Machine | undefined,
  fleet: Fleet,
  local: LocalAccess,
): FleetHost {
  const address = host.address ?? machine?.address
  if (address === undefined) {
    throw new ConfigError('has no address', {
      host: name,
      hint: `give hosts.${name}.address in the fleet file`,
    })
  }
  const port = host.port ?? 22
  const pinned = [...(host.hostKeys ?? []), ...(machine?.hostKeys ?? [])]
  const { identityFile } = local
  const target: Target = {
    name,
    address,
    port,
    user: fleet.access.user,
    hostKeys: pinned.length > 0 ? pinned : local.knownKeys(address, port),
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(local.agent === undefined ? {} : { agent: local.agent }),
  }
  return { name, role: host.role, address, target, firstUser: host.firstUser ?? machine?.firstUser ?? 'root' }
}

/**
 * Every host of the fleet with its address, login and pinned keys. With a provider that makes machines, hosts whose
 * machine does not exist are an error that says how to make them.
 */
export function resolveHosts(
  fleet: Fleet,
  machines: readonly Machine[],
  local: LocalAccess,
): readonly FleetHost[] {
  const byName = new Map(machines.map(machine => [machine.name, machine]))
  const missing = Object.entries(fleet.hosts).filter(
    ([name, host]) => host.address === undefined && !byName.has(name),
  )
  if (missing.length > 0 && fleet.provider === 'lab') {
    const names = missing.map(([name]) => name).join(', ')
    throw new ConfigError(`the lab has no machine for ${names}`, { hint: 'fleet lab up' })
  }
  return Object.entries(fleet.hosts).map(([name, host]) =>
    resolveHost(name, host, byName.get(name), fleet, local),
  )
}
