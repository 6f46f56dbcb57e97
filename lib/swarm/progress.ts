import { HOST_LABEL, type SwarmNode } from './node.ts'
import { runningTasks, type SwarmService, type SwarmTask } from './view.ts'

/** How far a slot has come to run in one way. */
export interface Progress {
  readonly state: 'waiting' | 'ready' | 'failed'
  /** Of a failure: why, where the containers do not say it. */
  readonly reason: string
  /** Swarm has put the slot back to what it was. */
  readonly undone: boolean
}

const FAILED = new Set(['failed', 'rejected', 'orphaned'])

/** Reads off a slot's service how it goes. `replicas` is how many containers there are to be. Pure. */
export function progressOf(service: SwarmService | undefined, run: string, replicas: number): Progress {
  const failed = (reason: string, undone = false): Progress => ({ state: 'failed', reason, undone })
  if (service === undefined) return failed('the service was removed from the swarm', true)
  const { update, updateMessage, tasks } = service
  if (service.labels['fleetfile.run'] !== run) {
    return failed(
      update.startsWith('rollback') ? updateMessage : 'somebody else has changed it meanwhile',
      true,
    )
  }
  if (update === 'paused' || update.startsWith('rollback')) return failed(updateMessage)
  // A first start has no update that would be put back: it is given up when containers end again and again.
  const ended = tasks.filter(task => task.run === run && FAILED.has(task.state))
  const isDone = update === '' || update === 'completed'
  if (runningTasks(service, run).length >= replicas && isDone) {
    return { state: 'ready', reason: '', undone: false }
  }
  return isDone && ended.length > replicas
    ? failed('its containers end again and again')
    : { state: 'waiting', reason: '', undone: false }
}

/** Why these hosts cannot take as many containers, where the swarm has lost some of them; undefined when they can. Pure. */
export function lackOfHosts(
  nodes: readonly SwarmNode[],
  hosts: readonly string[],
  replicas: number,
): string | undefined {
  const away = nodes
    .filter(({ labels }) => hosts.includes(labels[HOST_LABEL] ?? ''))
    // To a new leader every node is `unknown` until it has heard of it.
    .filter(({ state, availability }) => state === 'down' || availability !== 'active')
    .map(({ labels, state, availability }) => {
      const is = state === 'down' ? state : availability
      return `${labels[HOST_LABEL]} is ${is}`
    })
  const left = hosts.length - away.length
  return left < replicas
    ? `${away.join(', ')} by the swarm's word: ${left} ${left === 1 ? 'host is' : 'hosts are'} left for ${replicas} containers`
    : undefined
}

/** The container of each host that says best why it does not run: one that ended, else one that is not healthy yet. */
export function suspects({ tasks }: Pick<SwarmService, 'tasks'>, run: string): readonly SwarmTask[] {
  const found = new Map<string, SwarmTask>()
  const own = tasks.filter(task => task.run === run && task.state !== 'running')
  for (const task of [
    ...own.filter(({ state }) => FAILED.has(state)),
    ...own.filter(({ state }) => !FAILED.has(state)),
  ]) {
    if (task.host !== '' && !found.has(task.host) && (task.container !== '' || task.error !== ''))
      found.set(task.host, task)
  }
  return [...found.values()]
}

/** Containers that found no place. */
export const unplaced = ({ tasks }: Pick<SwarmService, 'tasks'>, run: string): readonly SwarmTask[] =>
  tasks.filter(
    task => task.run === run && task.desired === 'running' && task.host === '' && task.state === 'pending',
  )
