import { AbortedError, CommandError, FleetError, HostsFailedError, type HostFailure } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { askEngine } from './engine-api.ts'
import { parseView, viewPaths, type SwarmView } from './view.ts'

/** What a swarm says of a service, and the host that says it: the one to tell what is to change. */
export interface Managed {
  readonly manager: FleetHost
  readonly view: SwarmView
}

/**
 * Asks the first of the hosts that is a manager with a leader. One that is away is passed over: any manager can do what
 * another one can. Throws HostsFailedError when none answers.
 */
export async function askManagers(
  ctx: Pick<RolloutContext, 'on'>,
  service: string,
  hosts: readonly FleetHost[],
): Promise<Managed> {
  const failures: HostFailure[] = []
  for (const manager of hosts) {
    try {
      const view = parseView(await askEngine(ctx.on(manager), viewPaths(service)))
      if (view !== undefined) return { manager, view }
      const error = new CommandError('it is no manager of a swarm that has a leader', { host: manager.name })
      failures.push({ host: manager.name, error })
    } catch (error) {
      if (!isAway(error)) throw error
      failures.push({ host: manager.name, error })
    }
  }
  throw new HostsFailedError(failures, hosts.length, {
    standing: `no manager of the swarm of ${service} answers; what runs goes on`,
    hint: `fleet deploy ${service} sets the swarm up; fleet status shows who is there`,
  })
}

/** A host that cannot be asked now, or whose lease this run has lost. */
const isAway = (error: unknown): error is FleetError =>
  error instanceof FleetError && !(error instanceof AbortedError)
