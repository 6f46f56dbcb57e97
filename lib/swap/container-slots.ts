import { waitHealthy } from '../container/health.ts'
import { containerState, envAndLogs, type HealthProbe } from '../container/health-script.ts'
import { releaseFiles } from '../container/release-files.ts'
import { readSlots } from '../container/slot-state.ts'
import { containerName, runHash, slotResource, type SlotWanted } from '../container/slot.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { migrate } from '../migration/migrate.ts'
import { letGo } from '../release/let-go.ts'
import type { Manifest } from '../release/manifest.ts'
import { bringImage } from '../ship/bring-image.ts'
import type { Secret } from '../shell/secret.ts'
import { sh } from '../shell/sh.ts'
import { endInSwarm, leaveSwarm, leftInSwarm } from '../swarm/leave.ts'
import { refuseMixedImages } from '../swarm/one-image.ts'
import { swarmRun } from '../swarm/service-spec.ts'
import { isSwarm } from '../swarm/size.ts'
import { startInSwarm, swarmSlot } from '../swarm/start.ts'
import { readSwarmStates } from '../swarm/states.ts'
import { undoInSwarm } from '../swarm/undo.ts'
import { editionFor } from './edition.ts'
import { arm } from './finish.ts'
import { restarted } from './restarted.ts'
import type { Slot } from './slot.ts'
import type { Manifests, Slots } from './slots.ts'
import type { ContainerTarget, Opened } from './swap-target.ts'
import { readContainerReleases } from './way-back.ts'

type Containers = Opened<ContainerTarget>

/** Slots that are containers, or the services of a swarm. */
export function containerSlots(swap: Containers): Slots {
  const { ctx, target } = swap
  const { name, service, hosts } = target
  /** What a swarm still runs of a service that is not placed on it any more, by the last look. */
  let left: ReadonlySet<Slot> = new Set()
  return {
    async states() {
      if (isSwarm(target)) return readSwarmStates({ ctx, target })
      const states = await ctx.each(hosts, host => readSlots(ctx.on(host), name, service.engine))
      left = leftInSwarm(states)
      return states
    },
    releases: () => readContainerReleases(swap),
    edition: (release, env, stopSeconds) => editionFor(service, release.id, env, stopSeconds),
    async fetch(release, _slot, engine) {
      const { built, shipped } = await bringImage(swap, release, engine)
      // Engines with another kind of store know the same image by another id.
      return {
        built,
        shipped,
        digest: host => shipped[host]?.id ?? '',
        place: (manifests, env) => placeFiles(swap, manifests, env),
      }
    },
    runOf: (slot, host, manifest) => runOf(swap, slot, host, manifest),
    async start(slot, manifests) {
      if (isSwarm(target)) refuseMixedImages(manifests)
      if (left.has(slot)) await endInSwarm(swap, slot)
      await checkContainers(swap, slot, manifests, await startContainers(swap, slot, manifests))
    },
    remove: (slot, manifests) => removeContainers(swap, slot, manifests),
    retire: slot => arm(swap, slot),
    fallen: (slot, milliseconds) => restarted(swap, slot, milliseconds),
    follow: () => Promise.resolve(),
    settle: () => Promise.resolve(),
    async letGo() {
      if (left.size > 0) await leaveSwarm(swap)
      await letGo(swap)
    },
    logs(slot) {
      const of = isSwarm(target) ? 'docker service' : engineOf(swap)
      return `${of} logs --tail 100 ${containerName(name, slot)}`
    },
  }
}

async function placeFiles(swap: Containers, manifests: Manifests, env: Secret): Promise<boolean> {
  const { ctx, target } = swap
  await ctx.apply(host => {
    const manifest = manifests.get(host.name)
    return manifest === undefined ? [] : [releaseFiles(manifest, env)]
  }, target.hosts)
  const [first] = manifests.values()
  return first !== undefined && (await migrate(swap, first))
}

const engineOf = ({ target }: Containers): EngineName => target.service.engine ?? 'docker'

const wantedSlot = ({ target }: Containers, slot: Slot, host: FleetHost, manifest: Manifest): SlotWanted => ({
  manifest,
  slot,
  ...(target.service.engine === undefined ? {} : { engine: target.service.engine }),
  host: host.name,
  address: host.address,
  port: target.service.slots[slot],
  logs: target.logs,
})

const runOf = (swap: Containers, slot: Slot, host: FleetHost, manifest: Manifest): string =>
  isSwarm(swap.target)
    ? swarmRun(swarmSlot(swap, slot, manifest))
    : runHash(wantedSlot(swap, slot, host, manifest))

/** Starts a slot's containers, and gives their names by host. */
async function startContainers(
  swap: Containers,
  slot: Slot,
  manifests: Manifests,
): Promise<ReadonlyMap<string, string>> {
  const { ctx, target } = swap
  const [first] = manifests.values()
  if (isSwarm(target) && first !== undefined) return startInSwarm(swap, slot, first)
  await ctx.apply(host => {
    const manifest = manifests.get(host.name)
    return manifest === undefined ? [] : [slotResource(wantedSlot(swap, slot, host, manifest))]
  }, target.hosts)
  return new Map(target.hosts.map(host => [host.name, containerName(target.name, slot)]))
}

/** Returns when each host that has a container of the slot finds it healthy. */
export async function checkContainers(
  swap: Containers,
  slot: Slot,
  manifests: Manifests,
  containers: ReadonlyMap<string, string>,
): Promise<void> {
  const { ctx, target } = swap
  ctx.phase(`Check ${target.name} ${slot}`)
  await ctx.each(target.hosts, async host => {
    const container = containers.get(host.name)
    if (container === undefined) return
    const { port = target.service.port, health = target.service.health } = manifests.get(host.name) ?? {}
    await waitHealthy(ctx, host, probeOf(swap, host, slot, container, health), port)
  })
}

const probeOf = (
  { target: { service }, limits }: Containers,
  { address }: FleetHost,
  slot: Slot,
  container: string,
  path: string,
): HealthProbe => ({
  what: container,
  inside: 'the container',
  state: containerState(service.engine ?? 'docker', container),
  said: envAndLogs(service.engine ?? 'docker', container),
  logs: `${service.engine ?? 'docker'} logs --tail 100 ${container}`,
  address,
  port: service.slots[slot],
  path,
  name: service.proxy.names[0] ?? 'localhost',
  seconds: limits.healthSeconds,
})

async function removeContainers(swap: Containers, slot: Slot, manifests: Manifests): Promise<void> {
  const { ctx, target } = swap
  const [manifest] = manifests.values()
  const command = sh`${engineOf(swap)} rm --force ${containerName(target.name, slot)} >/dev/null 2>&1 || true`
  if (!isSwarm(target)) await ctx.each(target.hosts, host => ctx.on(host).run(command, { root: true }))
  else if (manifest !== undefined) await undoInSwarm(swap, slot, swarmRun(swarmSlot(swap, slot, manifest)))
}
