import { messageOf } from '../errors.ts'
import type { LiveSlot } from '../proxy/live-slots.ts'
import { swapTarget } from '../swap/deploy-container.ts'
import { SLOTS, type Slot } from '../swap/slot.ts'
import { askManagers } from '../swarm/manager.ts'
import { HOST_LABEL } from '../swarm/node.ts'
import { isSwarm } from '../swarm/size.ts'
import { runningTasks, type SwarmView } from '../swarm/view.ts'
import type { TaskContext } from '../task/context.ts'
import { sanitise } from '../text/sanitise.ts'

/** What a swarm says of one slot. */
export interface SwarmSlotStatus {
  readonly slot: Slot
  readonly label: string
  readonly wanted: number
  /** Hosts on which a container runs and is healthy by its own check. */
  readonly running: readonly string[]
  /** `updating`, `rollback_started`, `paused`...; empty when nothing is going on. */
  readonly update: string
}

/** What a swarm says of one service and of its hosts. */
export interface SwarmStatus {
  readonly service: string
  readonly slots: readonly SwarmSlotStatus[]
  readonly nodes: readonly {
    readonly host: string
    readonly state: string
    readonly role: 'manager' | 'worker'
    readonly leader: boolean
    /** Of a manager: whether it takes part in their votes. */
    readonly reachable: boolean
  }[]
  /** Why nothing can be said. */
  readonly trouble?: string
}

/** Reads a service's status off its swarm. Pure. */
export function swarmStatusOf(service: string, { slots, nodes }: SwarmView): SwarmStatus {
  return {
    service,
    slots: SLOTS.flatMap((slot): SwarmSlotStatus[] => {
      const of = slots[slot]
      if (of === undefined) return []
      const { replicas, labels, update } = of
      return [
        {
          slot,
          label: labels['fleetfile.label'] ?? '',
          wanted: replicas,
          running: runningTasks(of, labels['fleetfile.run'] ?? '')
            .map(({ host }) => host)
            .toSorted(),
          update: /^(|.*completed)$/.test(update) ? '' : update,
        },
      ]
    }),
    nodes: nodes
      .map(({ labels, state, role, leader, reachable }) => ({
        host: labels[HOST_LABEL] ?? 'a node without a name',
        state,
        role,
        leader,
        reachable,
      }))
      .toSorted((a, b) => (a.host < b.host ? -1 : 1)),
  }
}

/** `web in its swarm: blue* v2 2/2 on web1, web3; green v1 2/2 on web1, web3; managers web1 (leader), web2, web3`. */
export function describeSwarm({ service, slots, nodes, trouble }: SwarmStatus, live?: LiveSlot): string {
  if (trouble !== undefined) return sanitise(`${service} in its swarm: unknown, ${trouble.split('\n')[0]}`)
  const of = slots.map(({ slot, label, wanted, running, update }) => {
    const name = live?.slot === slot ? `${slot}*` : slot
    const where = running.length === 0 ? '' : ` on ${running.join(', ')}`
    return `${name} ${label} ${running.length}/${wanted}${where}${update === '' ? '' : ` (${update})`}`
  })
  const managers = nodes.filter(({ role }) => role === 'manager')
  const down = nodes.filter(({ state }) => state !== 'ready').map(({ host, state }) => `${host} is ${state}`)
  const parts = [
    ...of,
    `managers ${managers.map(({ host, leader }) => (leader ? `${host} (leader)` : host)).join(', ')}`,
    ...down,
  ]
  return sanitise(`${service} in its swarm: ${parts.join('; ')}`)
}

/** Asks the swarm of each service that has one. */
export async function swarmStatuses(ctx: TaskContext): Promise<readonly SwarmStatus[]> {
  const found = Object.entries(ctx.fleet.services).flatMap(([name, service]) =>
    service.kind === 'container' && isSwarm({ service }) ? [swapTarget(ctx, name, service)] : [],
  )
  return Promise.all(
    found.map(({ name, hosts }) =>
      askManagers(ctx, name, hosts, 0).then(
        ({ view }) => swarmStatusOf(name, view),
        (error: unknown) => ({ service: name, slots: [], nodes: [], trouble: messageOf(error) }),
      ),
    ),
  )
}
