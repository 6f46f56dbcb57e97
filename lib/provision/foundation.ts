import type { FleetHost } from '../fleet/resolved.ts'
import type { FrontDoor } from '../fleet/front-door-model.ts'
import type { ContainerService, Fleet, ProcessService, Service } from '../fleet/model.ts'
import { isPair } from '../fleet/pair-model.ts'
import { aliasResources } from '../pair/aliases.ts'
import { directory } from '../resource/kinds/directory.ts'
import { packages } from '../resource/kinds/packages.ts'
import type { Resource } from '../resource/resource.ts'
import type { ApplyReport, TaskContext } from '../task/context.ts'
import type { RolloutBodies } from '../rollout/bodies.ts'
import { proxiedServices, slotHostResources } from './container-hosts.ts'
import { frontDoorResources } from '../proxy/front-door-resources.ts'
import { maintenancePages } from '../proxy/maintenance-pages.ts'
import { processPackages } from '../rollout/processes.ts'
import { proxyCertificate } from '../proxy/proxy-certificate.ts'
import { serviceStores } from './service-stores.ts'

/** What one service asks of a host, given that the host is one of those it concerns. */
type Part = (host: FleetHost) => readonly Resource[]

async function processPart(ctx: TaskContext, service: ProcessService, bodies: RolloutBodies): Promise<Part> {
  // What the hosts of a pair stand on comes with a release, to the idle one alone.
  const isOwn = ({ role }: FleetHost) => role === service.role && !isPair(service)
  const stores = await serviceStores(ctx, service, bodies)
  const door = service.proxy === undefined ? () => [] : await doorPart(ctx, service.proxy, bodies)
  return host => [...(isOwn(host) ? [...stores(host), processPackages(service)] : []), ...door(host)]
}

/** What a service asks of the hosts in front of it: a proxy that knows all services behind it. */
async function doorPart(
  ctx: TaskContext,
  { role, kind = 'haproxy' }: FrontDoor,
  bodies: RolloutBodies,
): Promise<Part> {
  const certificate = await proxyCertificate(ctx, role)
  const services = proxiedServices(ctx.fleet, role, ctx.allHosts)
  const pages = await maintenancePages(ctx, services)
  const resources = frontDoorResources(kind, services, certificate, bodies, pages)
  return host => (host.role === role ? resources : [])
}

/** What a swarm's engines are asked with, and where containers write their users' logs. */
function containerExtras(fleet: Fleet, { role, placement }: ContainerService): readonly Resource[] {
  const others = Object.values(fleet.services)
  const { logs } = fleet
  // A folder of a process service has an owner already. Containers run as any user.
  const isFree = !others.some(each => each.kind === 'processes' && each.role === role)
  return [
    ...(placement === 'swarm' ? [packages(['curl'])] : []),
    ...(logs?.role === role && isFree ? [directory({ path: logs.directory, mode: 0o1777 })] : []),
  ]
}

async function containerPart(
  ctx: TaskContext,
  service: ContainerService,
  bodies: RolloutBodies,
): Promise<Part> {
  const door = await doorPart(ctx, service.proxy, bodies)
  return host => [
    ...(host.role === service.role ? slotHostResources(bodies.finishSlots(), service.engine) : []),
    ...(host.role === service.role ? containerExtras(ctx.fleet, service) : []),
    ...door(host),
  ]
}

/** Two services on one host may ask for the same thing: it is wanted once. */
const distinct = (resources: readonly Resource[]): readonly Resource[] => [
  ...new Map(resources.map(resource => [resource.id, resource])).values(),
]

/**
 * What releases stand on, for all services and all their hosts side by side: packages, stores, container engines, proxies.
 * It is over, restarts included, before the first release is touched. No slot changes.
 */
export async function applyFoundation(
  ctx: TaskContext,
  services: readonly Service[],
  bodies: RolloutBodies,
): Promise<ApplyReport> {
  const parts = await Promise.all(
    services.map(service =>
      service.kind === 'processes' ? processPart(ctx, service, bodies) : containerPart(ctx, service, bodies),
    ),
  )
  const aliases = await aliasResources(ctx)
  const wanted = new Map(
    ctx.hosts.map(host => [host.name, distinct([...parts.flatMap(part => part(host)), ...aliases])] as const),
  )
  const of = (host: FleetHost) => wanted.get(host.name) ?? []
  return ctx.apply(
    of,
    ctx.hosts.filter(host => of(host).length > 0),
  )
}
