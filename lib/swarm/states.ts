import { readSlots, type SlotState, type SlotStates } from '../container/slot-state.ts'
import { SLOTS, type Slot } from '../rollout/slot.ts'
import type { Swap } from '../rollout/swap-target.ts'
import { askManagers } from './manager.ts'
import { replicasOf } from './size.ts'
import { runningTasks, type SwarmView } from './view.ts'

/** What a swarm says of one slot, for all its hosts at once: it runs where enough of its containers do. Pure. */
export function slotInSwarm({ slots }: SwarmView, slot: Slot, replicas: number): Omit<SlotState, 'manifest'> {
  const service = slots[slot]
  const { 'fleetfile.release': release, 'fleetfile.config': config } = service?.labels ?? {}
  const run = service?.labels['fleetfile.run'] ?? ''
  return {
    running: service !== undefined && service.replicas > 0 && runningTasks(service, run).length >= replicas,
    edition: release === undefined || config === undefined ? undefined : `${release}-${config}`,
    run: run === '' ? '-' : run,
  }
}

/** Both slots of a swarm's service: what runs is the swarm's word, the way back is each host's own. */
export async function readSwarmStates({ ctx, target }: Pick<Swap, 'ctx' | 'target'>) {
  const [{ view }, own] = await Promise.all([
    askManagers(ctx, target.name, target.hosts),
    ctx.each(target.hosts, host => readSlots(ctx.on(host), target.name)),
  ])
  const replicas = replicasOf(target)
  const inSwarm = (slot: Slot) => slotInSwarm(view, slot, replicas)
  const [blue, green] = SLOTS.map(inSwarm)
  return new Map<string, SlotStates>(
    [...own].map(([host, states]) => [
      host,
      { blue: { ...states.blue, ...blue }, green: { ...states.green, ...green } },
    ]),
  )
}
