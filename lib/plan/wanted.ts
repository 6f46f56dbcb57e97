import { isPair } from '../fleet/pair-model.ts'
import { isResource } from '../task/barrier.ts'
import { operatorKeys } from '../fleet/operator-keys.ts'
import type { Service } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Resource } from '../resource/resource.ts'
import { baselineOf, type ProvisionBodies } from '../provision/baseline-of.ts'
import type { RolloutBodies } from '../rollout/bodies.ts'
import { deployProcesses } from '../rollout/deploy-processes.ts'
import { applyFoundation } from '../provision/foundation.ts'
import type { Release } from '../release/release-model.ts'
import type { TaskContext } from '../task/context.ts'

/** The templates of everything that is planned. */
export interface PlanBodies {
  readonly provision: ProvisionBodies
  readonly deploy: RolloutBodies
}

/** What the fleet file asks of its hosts, but for the slots of container services. */
export interface FleetWanted {
  /** What `fleet provision` and then `fleet deploy` bring a host to, in their order, each thing once. */
  of(host: FleetHost): readonly Resource[]
  /** Ids of what provision does: resources and their handlers. */
  provisioned(host: FleetHost): ReadonlySet<string>
}

/**
 * A context in which `apply` only notes what is wanted. The roll-out's own code is run with it, so that a plan can
 * never want anything else than a deploy.
 */
function noting(
  ctx: TaskContext,
  hosts: readonly FleetHost[],
  note: (host: string, resources: readonly Resource[]) => void,
): TaskContext {
  return {
    ...ctx,
    hosts,
    planOnly: true,
    phase: () => undefined,
    // A plan of some hosts asks none of the others.
    each: (some, work) =>
      ctx.each(
        some.filter(host => ctx.hosts.includes(host)),
        work,
      ),
    note: () => undefined,
    apply(resources, some = hosts) {
      for (const host of some) {
        const wanted = typeof resources === 'function' ? resources(host) : resources
        note(host.name, wanted.filter(isResource))
      }
      return Promise.resolve({ changed: new Map(), total: 0 })
    },
  }
}

const distinct = (resources: readonly Resource[]): readonly Resource[] => [
  ...new Map(resources.map(resource => [resource.id, resource])).values(),
]

/**
 * Works out the wanted state of `hosts` with these releases, by service; hosts are asked only whether a service that
 * migrates has been migrated. Throws what a
 * deploy of these hosts would throw before it begins.
 */
export async function fleetWanted(
  ctx: TaskContext,
  hosts: readonly FleetHost[],
  releases: ReadonlyMap<string, Release>,
  bodies: PlanBodies,
): Promise<FleetWanted> {
  const { access, of } = baselineOf(ctx, await operatorKeys(ctx), bodies.provision)
  const baseline = (host: FleetHost) => [...access, ...of(host)]
  const deployed = new Map<string, Resource[]>()
  const planning = noting(ctx, hosts, (host, resources) => {
    deployed.set(host, [...(deployed.get(host) ?? []), ...resources])
  })
  const services = Object.entries(ctx.fleet.services).filter(
    (entry): entry is [string, Service] =>
      releases.has(entry[0]) && hosts.some(({ role }) => role === entry[1].role),
  )
  await applyFoundation(
    planning,
    services.map(([, service]) => service),
    bodies.deploy,
  )
  for (const [name, service] of services) {
    const release = releases.get(name)
    if (service.kind !== 'processes' || release === undefined || isPair(service)) continue
    await deployProcesses(planning, name, service, release, bodies.deploy)
  }
  return {
    of: host => distinct([...baseline(host), ...(deployed.get(host.name) ?? [])]),
    provisioned: host =>
      new Set(baseline(host).flatMap(({ id, notify }) => [id, ...notify.map(handler => handler.id)])),
  }
}
