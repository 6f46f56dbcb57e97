import { readSlots, type SlotState, type SlotStates } from '../container/slot-state.ts'
import type { Slot } from '../swap/slot.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'
import { askManagers } from './manager.ts'
import { replicasOf } from './size.ts'
import { runningTasks, type SwarmView } from './view.ts'

type SwarmSlotState = Pick<SlotState, 'running' | 'edition' | 'run'>

/** What a swarm says of one slot, for all its hosts at once: it runs where enough of its containers do. Pure. */
export function slotInSwarm({ slots }: SwarmView, slot: Slot, replicas: number): SwarmSlotState {
  const service = slots[slot]
  const { 'fleetfile.release': release, 'fleetfile.config': config } = service?.labels ?? {}
  const run = service?.labels['fleetfile.run'] ?? ''
  return {
    running: service !== undefined && service.replicas > 0 && runningTasks(service, run).length >= replicas,
    edition: release === undefined || config === undefined ? undefined : `${release}-${config}`,
    run: run === '' ? '-' : run,
  }
}

/** Asks a swarm for both slots of its service. */
export async function readSwarmSlots({
  ctx,
  target,
}: Pick<Opened<ContainerTarget>, 'ctx' | 'target'>): Promise<Readonly<Record<Slot, SwarmSlotState>>> {
  const { view } = await askManagers(ctx, target.name, target.hosts)
  const replicas = replicasOf(target)
  return { blue: slotInSwarm(view, 'blue', replicas), green: slotInSwarm(view, 'green', replicas) }
}

/** Both slots of a swarm's service: what runs is the swarm's word, the way back is each host's own. */
export async function readSwarmStates({ ctx, target }: Pick<Opened<ContainerTarget>, 'ctx' | 'target'>) {
  const [{ blue, green }, own] = await Promise.all([
    readSwarmSlots({ ctx, target }),
    ctx.each(target.hosts, host => readSlots(ctx.on(host), target.name)),
  ])
  return new Map<string, SlotStates>(
    [...own].map(([host, states]) => [
      host,
      { ...states, blue: { ...states.blue, ...blue }, green: { ...states.green, ...green } },
    ]),
  )
}
