import { isSwarmRole } from '../fleet/ports.ts'
import type { Service } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { TaskContext } from '../task/context.ts'
import { isBare, setUpSwarm } from './set-up.ts'

/**
 * Makes the hosts of each role that has a swarm into one. `present` take part in this run. Gives how much was done. Hosts
 * that have no engine yet are no failure of a plan.
 */
export async function setUpSwarms(
  ctx: TaskContext,
  services: readonly Service[],
  present: readonly FleetHost[],
): Promise<number> {
  const roles = new Set(services.map(({ role }) => role).filter(role => isSwarmRole(ctx.fleet, role)))
  let done = 0
  for (const role of roles) {
    const of = (hosts: readonly FleetHost[]) => hosts.filter(host => host.role === role)
    try {
      done += (await setUpSwarm(ctx, of(ctx.allHosts), of(present))).length
    } catch (error) {
      if (!ctx.planOnly || !isBare(error)) throw error
      ctx.note(
        `would make ${of(ctx.allHosts)
          .map(({ name }) => name)
          .join(', ')} into a swarm`,
      )
    }
  }
  return done
}
