import { ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { HOST_LABEL, type SwarmMember, type SwarmNode } from './node.ts'

/** One thing to do until the hosts of a role are one swarm. */
export type SwarmStep =
  | { readonly do: 'init'; readonly host: string }
  | { readonly do: 'join'; readonly host: string; readonly role: SwarmNode['role']; readonly leave: boolean }
  | { readonly do: 'role'; readonly host: string; readonly node: string; readonly role: SwarmNode['role'] }
  | { readonly do: 'name'; readonly host: string; readonly node: string }
  | { readonly do: 'remove'; readonly host: string; readonly node: string; readonly demote: boolean }

/** What the hosts and one of the managers say. */
export interface SwarmSeen {
  /** By host name; hosts that were not asked are missing. */
  readonly members: ReadonlyMap<string, SwarmMember>
  /** What the managers know; empty when there is no swarm yet. */
  readonly nodes: readonly SwarmNode[]
}

/** Three managers survive the loss of one; two would not survive any. */
export const managerCount = (hosts: number): number => (hosts >= 3 ? 3 : 1)

/** The address at which managers are reached, as engines write it. */
export const managerAddress = ({ address }: Pick<FleetHost, 'address'>): string =>
  `${address.includes(':') ? `[${address}]` : address}:2377`

/** The first host that answers for the swarm: an acting manager. */
export const managingHost = (
  hosts: readonly FleetHost[],
  members: SwarmSeen['members'],
): FleetHost | undefined => hosts.find(({ name }) => members.get(name)?.controls === true)

/**
 * What is to be done until all the hosts that answered are in one swarm, in this order. `hosts` are all of the role. A
 * host that does not answer stays what it is. Throws ConfigError where a hand must decide. Pure.
 */
export function swarmPlan(hosts: readonly FleetHost[], seen: SwarmSeen): readonly SwarmStep[] {
  const asked = hosts.filter(({ name }) => seen.members.has(name))
  const first = managingHost(hosts, seen.members)
  refuseForeign(hosts, asked, seen, first)
  const init = first === undefined ? asked[0] : undefined
  if (first === undefined && init === undefined) return []
  const known = new Map(seen.nodes.map(node => [node.id, node]))
  const nodeOf = (host: FleetHost): SwarmNode | undefined =>
    known.get(seen.members.get(host.name)?.nodeId ?? '')
  const managers = new Set(hosts.slice(0, managerCount(hosts.length)).map(({ name }) => name))
  const roleOf = (host: FleetHost): SwarmNode['role'] => (managers.has(host.name) ? 'manager' : 'worker')
  const steps: SwarmStep[] = init === undefined ? [] : [{ do: 'init', host: init.name }]
  for (const host of asked) {
    const node = nodeOf(host)
    if (host === init) {
      steps.push({ do: 'name', host: host.name, node: '' })
    } else if (node === undefined) {
      const leave = seen.members.get(host.name)?.state !== 'inactive'
      steps.push({ do: 'join', host: host.name, role: roleOf(host), leave })
    } else if (node.labels[HOST_LABEL] !== host.name) {
      steps.push({ do: 'name', host: host.name, node: node.id })
    }
  }
  // Managers are made before others stop being one: their majority is never at stake.
  for (const role of ['manager', 'worker'] as const) {
    for (const host of asked) {
      const node = nodeOf(host)
      if (node !== undefined && roleOf(host) === role && node.role !== role) {
        steps.push({ do: 'role', host: host.name, node: node.id, role })
      }
    }
  }
  return [...steps, ...removals(hosts, asked, seen)]
}

/** Nodes whose host the fleet has no more, and old ones of hosts that have joined anew. */
function removals(
  hosts: readonly FleetHost[],
  asked: readonly FleetHost[],
  { members, nodes }: SwarmSeen,
): readonly SwarmStep[] {
  const current = new Set(asked.map(({ name }) => members.get(name)?.nodeId))
  return nodes.flatMap((node): SwarmStep[] => {
    const host = node.labels[HOST_LABEL]
    if (host === undefined || current.has(node.id)) return []
    const isGone = hosts.every(({ name }) => name !== host)
    const isReplaced = asked.some(({ name }) => name === host) && node.state !== 'ready'
    return isGone || isReplaced
      ? [{ do: 'remove', host, node: node.id, demote: node.role === 'manager' }]
      : []
  })
}

/** Its swarm has removed it, and it knows: it is in none, though its engine has to leave the old one first. */
const isStruckOff = ({ state, managers, error }: SwarmMember): boolean =>
  state === 'error' && managers.length === 0 && error.includes('was removed from swarm')

/** Throws for swarms that are not ours to leave, that are locked, or that have lost the majority of their managers. */
function refuseForeign(
  hosts: readonly FleetHost[],
  asked: readonly FleetHost[],
  { members, nodes }: SwarmSeen,
  first: FleetHost | undefined,
): void {
  const ours = new Set(hosts.map(managerAddress))
  const known = new Set(nodes.map(({ id }) => id))
  for (const { name } of asked) {
    const member = members.get(name)
    if (member === undefined) continue
    const { state, managers, nodeId } = member
    if (state === 'inactive' || known.has(nodeId)) continue
    if (first !== undefined && isStruckOff(member)) continue
    if (state === 'locked') {
      throw new ConfigError('its part of the swarm is locked', {
        host: name,
        hint: `fleet ssh ${name}, then: sudo docker swarm unlock`,
      })
    }
    const isOurs = managers.some(address => ours.has(address))
    if (isOurs && first === undefined) {
      throw new ConfigError(
        'the swarm has no leader: most of its managers are away. What runs goes on, and nothing can be changed',
        {
          host: name,
          hint: `bring them back; where they are lost: fleet exec --root --on ${name} -- docker swarm init --force-new-cluster`,
        },
      )
    }
    if (!isOurs) {
      throw new ConfigError(
        `it is in another swarm already, of ${managers.join(', ') || 'unknown managers'}`,
        {
          host: name,
          hint: `where nothing of it is needed: fleet exec --root --on ${name} -- docker swarm leave --force`,
        },
      )
    }
  }
}
