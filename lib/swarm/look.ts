import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { CommandError } from '../errors.ts'
import { askEngine } from './engine-api.ts'
import { parseMember, parseNodes, type SwarmMember } from './node.ts'
import { managingHost, type SwarmSeen } from './set-up-plan.ts'

type Asking = Pick<RolloutContext, 'on' | 'each'>

/** Looks at these hosts' parts in a swarm, and at what its managers know of it: one execution a host. */
export async function lookAtSwarm(ctx: Asking, hosts: readonly FleetHost[]): Promise<SwarmSeen> {
  const answers = await ctx.each(hosts, async host => {
    const [info, nodes] = await askEngine(ctx.on(host), ['/info', '/nodes'])
    const member = parseMember(info?.body)
    if (member === undefined) throw new CommandError('the engine does not know swarms', { host: host.name })
    const list = nodes?.status === 200 ? parseNodes(nodes.body) : undefined
    // A manager without a leader says that it is in control, and can do nothing.
    return { member: { ...member, controls: member.controls && list !== undefined }, nodes: list ?? [] }
  })
  const members = new Map<string, SwarmMember>(
    [...answers].map(([host, { member }]) => [host, member] as const),
  )
  const manager = managingHost(hosts, members)
  return { members, nodes: answers.get(manager?.name ?? '')?.nodes ?? [] }
}
