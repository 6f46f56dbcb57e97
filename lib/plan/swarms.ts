import { isSwarmRole } from '../fleet/ports.ts'
import type { PlannedChange } from '../events/event.ts'
import { lookAtSwarm } from '../swarm/look.ts'
import { describeStep, isBare } from '../swarm/set-up.ts'
import { swarmPlan, type SwarmSeen } from '../swarm/set-up-plan.ts'
import type { TaskContext } from '../task/context.ts'

/** Of hosts without an engine: none is in a swarm. */
const NOTHING: SwarmSeen['members'] = new Map()

/** What a deploy would do to make the hosts of each role with a swarm into one, by host. Reads only. */
export async function swarmChanges(
  ctx: Pick<TaskContext, 'fleet' | 'allHosts' | 'on' | 'each'>,
): Promise<ReadonlyMap<string, readonly PlannedChange[]>> {
  const changes = new Map<string, readonly PlannedChange[]>()
  const roles = Object.keys(ctx.fleet.roles).filter(role => isSwarmRole(ctx.fleet, role))
  for (const role of roles) {
    const hosts = ctx.allHosts.filter(host => host.role === role)
    const seen = await lookAtSwarm(ctx, hosts).catch((error: unknown) => {
      if (isBare(error)) return { members: NOTHING, nodes: [] }
      throw error
    })
    const isUnknown = seen.members === NOTHING
    for (const { name } of isUnknown ? hosts : []) {
      changes.set(name, [{ resource: 'swarm', action: 'create', detail: `one of ${hosts.length} hosts` }])
    }
    for (const step of isUnknown ? [] : swarmPlan(hosts, seen)) {
      const action = step.do === 'init' || step.do === 'join' ? 'create' : 'change'
      // A node of a host that the fleet has no more is told where the swarm begins.
      const at = hosts.some(({ name }) => name === step.host) ? step.host : (hosts[0]?.name ?? step.host)
      const change: PlannedChange = { resource: 'swarm', action, detail: describeStep(step) }
      changes.set(at, [...(changes.get(at) ?? []), change])
    }
  }
  return changes
}
