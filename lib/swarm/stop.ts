import { z } from 'zod'
import { containerName } from '../container/slot.ts'
import { TimeoutError } from '../errors.ts'
import { pause } from '../rollout/pause.ts'
import type { Slot } from '../swap/slot.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'
import { tellEngine } from './engine-api.ts'
import { askManagers } from './manager.ts'
import type { SwarmTask } from './view.ts'

/** Beside the time that the program has: Swarm's own. */
const SWARM_SECONDS = 15

const specSchema = z.record(z.string(), z.unknown())

/** The same service with no container: what it would run stays known. Pure. */
export const stoppedSpec = (spec: unknown): Readonly<Record<string, unknown>> => ({
  ...specSchema.parse(spec),
  Mode: { Replicated: { Replicas: 0 } },
})

const isUp = ({ state }: SwarmTask): boolean => /^(preparing|ready|starting|running)$/.test(state)

/** Stops a slot's containers on all hosts of its swarm, and waits for their end; its service stays, to be started again. */
export async function stopInSwarm(
  { ctx, target, limits }: Opened<ContainerTarget>,
  slot: Slot,
): Promise<void> {
  const name = containerName(target.name, slot)
  const { manager, view } = await askManagers(ctx, target.name, target.hosts)
  const service = view.slots[slot]
  if (service === undefined) return
  if (service.replicas > 0) {
    const path = `/services/${service.id}/update?version=${service.version}`
    await tellEngine(ctx.on(manager), `cannot stop ${name}`, path, stoppedSpec(service.spec))
  }
  const until = performance.now() + (limits.stopSeconds + SWARM_SECONDS) * 1000
  for (;;) {
    const now = await askManagers(ctx, target.name, target.hosts)
    // Of a host in quarantine nothing new is known.
    const left = (now.view.slots[slot]?.tasks ?? []).filter(
      task => isUp(task) && target.hosts.some(host => host.name === task.host),
    )
    if (left.length === 0) return
    if (performance.now() > until) {
      throw new TimeoutError(`${name} does not end on ${left.map(({ host }) => host).join(', ')}`, {
        hint: `fleet finish ${target.name}`,
      })
    }
    await pause(500, ctx.signal)
  }
}
