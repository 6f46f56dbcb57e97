import {
  AbortedError,
  CommandError,
  FleetError,
  HealthError,
  HostsFailedError,
  type HostFailure,
} from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { pause } from '../rollout/pause.ts'
import { askEngine, messageIn } from './engine-api.ts'
import { parseView, viewPaths, type SwarmView } from './view.ts'

/** What a swarm says of a service, and the host that says it: the one to tell what is to change. */
export interface Managed {
  readonly manager: FleetHost
  readonly view: SwarmView
}

/** How long the managers may take to choose a leader after they have lost theirs. */
const ELECTION_SECONDS = 20

/**
 * Asks the first of the hosts that is a manager with a leader. One that is away is passed over: any manager can do what
 * another one can. While they choose a new leader they are waited for, `patience` seconds at most. Throws HostsFailedError
 * when none answers.
 */
export async function askManagers(
  ctx: Pick<RolloutContext, 'on' | 'signal'>,
  service: string,
  hosts: readonly FleetHost[],
  patience = ELECTION_SECONDS,
): Promise<Managed> {
  const until = performance.now() + patience * 1000
  for (;;) {
    const failures: HostFailure[] = []
    let isElecting = false
    for (const manager of hosts) {
      try {
        const answers = await askEngine(ctx.on(manager), viewPaths(service))
        const view = parseView(answers)
        if (view !== undefined) return { manager, view }
        const said = messageIn(answers[0]?.body)
        isElecting ||= said.includes('leader')
        failures.push({ host: manager.name, error: new CommandError(said, { host: manager.name }) })
      } catch (error) {
        if (!isAway(error)) throw error
        failures.push({ host: manager.name, error })
      }
    }
    if (!isElecting || performance.now() > until) {
      throw new HostsFailedError(failures, hosts.length, {
        standing: `no manager of the swarm of ${service} answers; what runs goes on`,
        hint: `fleet deploy ${service} sets the swarm up; fleet status shows who is there`,
      })
    }
    await pause(1000, ctx.signal)
  }
}

/** A host that cannot be asked now, or whose lease this run has lost. */
export const isAway = (error: unknown): error is FleetError =>
  error instanceof FleetError && !(error instanceof AbortedError || error instanceof HealthError)
