import { containerName } from '../container/slot.ts'
import { ConfigError, HealthError, HostsFailedError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Manifest } from '../release/manifest.ts'
import { pause } from '../rollout/pause.ts'
import type { Slot } from '../swap/slot.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'
import { tellEngine } from './engine-api.ts'
import { explainFailure } from './explain.ts'
import { endLeftBehind } from './left-behind.ts'
import { askManagers, isAway } from './manager.ts'
import { awayLabel, HOST_LABEL } from './node.ts'
import { ensureParts, pruneSecrets } from './parts.ts'
import { lackOfHosts, progressOf } from './progress.ts'
import { serviceSpec, swarmRun, type SwarmSlot } from './service-spec.ts'
import { change } from './set-up.ts'
import { replicasOf } from './size.ts'
import { runningTasks, type SwarmService, type SwarmView } from './view.ts'

/** Beside the time for health: Swarm's own first look at a container, and its watch over an update. */
const SWARM_SECONDS = 15

/** The slot as this swap's swarm is to run it. */
export const swarmSlot = (
  { target: { service, logs } }: Pick<Opened<ContainerTarget>, 'target'>,
  slot: Slot,
  manifest: Manifest,
): SwarmSlot => ({ service, manifest, slot, logs })

/**
 * Has the swarm run a release in a slot, and waits until Swarm finds as many containers healthy as there are to be.
 * Gives their names by host. A slot that runs it already is left alone. Throws what says why it does not come up; whether Swarm has
 * put the slot back by then, `undoInSwarm` finds out.
 */
export async function startInSwarm(
  swap: Opened<ContainerTarget>,
  slot: Slot,
  manifest: Manifest,
): Promise<ReadonlyMap<string, string>> {
  const { ctx, target } = swap
  const wanted = swarmSlot(swap, slot, manifest)
  const replicas = replicasOf(target)
  await order(swap, slot, wanted, replicas)
  const { tasks, after } = await waitRunning(swap, wanted, replicas)
  await pruneSecrets(ctx.on(after.manager), target.name, after.view).catch((error: unknown) => {
    ctx.warn(messageOf(error))
  })
  return new Map(tasks.map(({ host, container }) => [host, container]))
}

/** Gives the order to one of the managers, and to another one when that dies over it. */
async function order(
  swap: Opened<ContainerTarget>,
  slot: Slot,
  wanted: SwarmSlot,
  replicas: number,
): Promise<void> {
  const { ctx, target } = swap
  const name = containerName(target.name, slot)
  const run = swarmRun(wanted)
  let told: { readonly manager: FleetHost; readonly error: unknown } | undefined
  for (;;) {
    const { manager, view } = await askManagers(ctx, target.name, target.hosts)
    if (told?.manager === manager) throw told.error
    refuseMissing(target.hosts, view)
    const before = view.slots[slot]
    try {
      await markAway(swap, manager, view)
      refuseLack(target, view, replicas)
      if (isAsWanted(before, run, replicas)) return
      await endLeftBehind(swap, slot)
      const parts = await ensureParts(ctx.on(manager), wanted.manifest)
      const spec = serviceSpec(wanted, { ...parts, replicas })
      ctx.note(
        `${name}: ${wanted.manifest.label} on ${replicas} of ${target.hosts.length} hosts of the swarm`,
      )
      // With its version: an order that the first manager has passed on is not given twice.
      const path =
        before === undefined ? '/services/create' : `/services/${before.id}/update?version=${before.version}`
      await tellEngine(ctx.on(manager), `the swarm does not take ${name}`, path, spec)
      return
    } catch (error) {
      if (!isAway(error)) throw error
      told = { manager, error }
    }
    await pause(1000, ctx.signal)
  }
}

const isAsWanted = (service: SwarmService | undefined, run: string, replicas: number): boolean =>
  service?.labels['fleetfile.run'] === run &&
  service.replicas === replicas &&
  !service.update.startsWith('rollback') &&
  service.update !== 'paused'

function refuseMissing(hosts: readonly FleetHost[], { nodes }: SwarmView): void {
  const known = new Set(nodes.map(({ labels }) => labels[HOST_LABEL]))
  const missing = hosts.filter(({ name }) => !known.has(name)).map(({ name }) => name)
  if (missing.length === 0) return
  throw new ConfigError(`not in the swarm of the others: ${missing.join(', ')}`, { hint: 'fleet deploy' })
}

/** Keeps containers of the service off hosts in quarantine, and lets them back to those that are not. */
async function markAway(
  { ctx, target }: Opened<ContainerTarget>,
  manager: FleetHost,
  { nodes }: SwarmView,
): Promise<void> {
  const label = awayLabel(target.name)
  const away = new Set((target.away ?? []).map(({ name }) => name))
  for (const node of nodes) {
    const host = node.labels[HOST_LABEL] ?? ''
    const isOurs = away.has(host) || target.hosts.some(({ name }) => name === host)
    if (!isOurs || away.has(host) === (node.labels[label] === 'yes')) continue
    await change(ctx, manager, node.id, ({ labels }) => {
      const rest = Object.fromEntries(Object.entries(labels).filter(([name]) => name !== label))
      return { labels: away.has(host) ? { ...rest, [label]: 'yes' } : rest }
    })
  }
}

function refuseLack({ name, service, hosts }: ContainerTarget, { nodes }: SwarmView, replicas: number): void {
  const lack = lackOfHosts(
    nodes,
    hosts.map(host => host.name),
    replicas,
  )
  if (lack === undefined) return
  const isSkipped = service.rollout?.unreachable === 'skip'
  throw new HealthError(`${name} has too few hosts: ${lack}; nothing has changed for users`, {
    hint: isSkipped
      ? `fleet deploy ${name}, which leaves out a host that cannot be reached`
      : `bring it back, or: fleet deploy ${name} --unreachable skip`,
  })
}

async function waitRunning(swap: Opened<ContainerTarget>, wanted: SwarmSlot, replicas: number) {
  const { slot, manifest, service: declared } = wanted
  const run = swarmRun(wanted)
  const { ctx, target, limits } = swap
  const seconds = limits.healthSeconds + limits.stopSeconds + SWARM_SECONDS
  const until = performance.now() + seconds * 1000
  let silent: unknown
  for (;;) {
    await pause(500, ctx.signal)
    // A manager may go away while another takes over.
    const after = await askManagers(ctx, target.name, target.hosts).catch((error: unknown) => {
      if (!(error instanceof HostsFailedError)) throw error
      silent = error
      return undefined
    })
    const isLate = performance.now() > until
    if (after === undefined) {
      if (isLate) throw silent
      continue
    }
    const service = after.view.slots[slot]
    const progress = progressOf(service, run, replicas)
    if (progress.state === 'ready' && service !== undefined)
      return { tasks: runningTasks(service, run), after }
    if (progress.state === 'waiting') refuseLack(target, after.view, replicas)
    if (progress.state === 'failed' || isLate) {
      const path = manifest.health ?? declared.health
      return explainFailure(swap, slot, service ?? NOTHING, { run, path }, progress)
    }
  }
}

const NOTHING = { tasks: [] }
