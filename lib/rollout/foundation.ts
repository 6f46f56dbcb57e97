import { healthMap } from '../container/haproxy.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { ContainerService, ProcessService, Service } from '../fleet/model.ts'
import type { Resource } from '../resource/resource.ts'
import type { ApplyReport, TaskContext } from '../task/context.ts'
import type { RolloutBodies } from './bodies.ts'
import { CERTIFICATE, proxiedServices, proxyResources, slotHostResources } from './container-hosts.ts'
import { processPackages } from './processes.ts'
import { proxyCertificate } from './proxy-certificate.ts'
import { serviceStores } from './service-stores.ts'

/** What one service asks of a host, given that the host is one of those it concerns. */
type Part = (host: FleetHost) => readonly Resource[]

async function processPart(ctx: TaskContext, service: ProcessService, bodies: RolloutBodies): Promise<Part> {
  const stores = await serviceStores(ctx, service, bodies)
  return host => (host.role === service.role ? [...stores(host), processPackages(service)] : [])
}

async function containerPart(
  ctx: TaskContext,
  service: ContainerService,
  bodies: RolloutBodies,
): Promise<Part> {
  const { role } = service.proxy
  const certificate = await proxyCertificate(ctx, role)
  const services = proxiedServices(ctx.fleet, role, ctx.allHosts)
  const config = bodies.haproxyConfig({
    services: services.map(each => ({ ...each, healthMap: healthMap(each.name) })),
    certificate: CERTIFICATE,
  })
  const names = services.map(({ name }) => name)
  return host => [
    ...(host.role === service.role ? slotHostResources(bodies.finishSlots()) : []),
    ...(host.role === role ? proxyResources(config, certificate, names) : []),
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
  const wanted = new Map(
    ctx.hosts.map(host => [host.name, distinct(parts.flatMap(part => part(host)))] as const),
  )
  const of = (host: FleetHost) => wanted.get(host.name) ?? []
  return ctx.apply(
    of,
    ctx.hosts.filter(host => of(host).length > 0),
  )
}
