import type { SlotStates } from '../container/slot-state.ts'
import { containerName } from '../container/slot.ts'
import { HostsFailedError, messageOf } from '../errors.ts'
import { waitDrained } from '../proxy/drain.ts'
import { setSlot } from '../proxy/proxies.ts'
import { otherSlot, SLOTS, type Slot } from '../swap/slot.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'
import { tellEngine } from './engine-api.ts'
import { askManagers } from './manager.ts'
import { pruneSecrets } from './parts.ts'
import { stopInSwarm } from './stop.ts'

/** Slots of a service that a swarm runs somewhere, as its hosts say, though it is not placed on one any more. Pure. */
export const leftInSwarm = (states: ReadonlyMap<string, SlotStates>): ReadonlySet<Slot> =>
  new Set(SLOTS.filter(slot => [...states.values()].some(state => state[slot].isInSwarm === true)))

/**
 * Ends what a swarm runs of a slot, and takes the slot's service out of it: its containers hold the slot's port on their
 * hosts. The proxies have let go of the slot by then. Changes nothing where there is none.
 */
export async function endInSwarm(swap: Opened<ContainerTarget>, slot: Slot): Promise<void> {
  const { ctx, target } = swap
  const name = containerName(target.name, slot)
  await expectManager(swap)
  await stopInSwarm(swap, slot)
  const { manager, view } = await askManagers(ctx, target.name, target.hosts)
  const service = view.slots[slot]
  if (service === undefined) return
  await tellEngine(ctx.on(manager), `cannot remove ${name}`, `/services/${service.id}`, undefined, 'DELETE')
  const without = { ...view, slots: { ...view.slots, [slot]: undefined } }
  await pruneSecrets(ctx.on(manager), target.name, without)
  ctx.note(`${name} of the time on the swarm is gone`)
}

/** Throws HostsFailedError with a way out where nobody can tell the swarm anything any more. */
async function expectManager({ ctx, target: { name, hosts } }: Opened<ContainerTarget>): Promise<void> {
  try {
    await askManagers(ctx, name, hosts)
  } catch (error) {
    if (!(error instanceof HostsFailedError)) throw error
    const all = hosts.map(host => host.name).join(',')
    throw new HostsFailedError(error.failures, hosts.length, {
      standing: `${name} is on a swarm still, and no manager of it answers; what runs goes on`,
      hint: `bring most of its managers back; else, which ends all that the swarm runs there: fleet exec --root --on ${all} -- docker swarm leave --force`,
    })
  }
}

/**
 * Takes a service out of the swarm that it was placed on before, once its hosts' own slot serves. What still has requests
 * stays, and is told. The swarm itself stays: other services may be on it. Never throws.
 */
export async function leaveSwarm(swap: Opened<ContainerTarget>): Promise<void> {
  const { ctx, target } = swap
  const { name, hosts } = target
  try {
    const { live } = await swap.read()
    if (live === undefined || live === 'mixed') return
    const idle = otherSlot(live)
    const { open, servers } = await waitDrained(swap.read, idle, 0, ctx.signal)
    if (open > 0) {
      ctx.warn(
        `${servers.join(', ')} still have ${open} requests: ${containerName(name, idle)} stays on the swarm until: fleet finish ${name}`,
      )
      return
    }
    await setSlot(swap.proxies, swap.names(idle), idle, 'maint')
    await endInSwarm(swap, idle)
    // The service of the slot that serves now has no container, or this one could not have its port.
    const { view } = await askManagers(ctx, name, hosts)
    if (view.slots[live]?.replicas === 0) await endInSwarm(swap, live)
  } catch (error) {
    ctx.warn(`${name} stays on the swarm beside its slots until: fleet finish ${name} (${messageOf(error)})`)
  }
}
