import { CERTIFICATE, haproxyPage, haproxyPages, haproxyResources } from './haproxy-host.ts'
import { freePorts } from './free-ports.ts'
import { HAPROXY_PATHS, healthMap } from './haproxy-paths.ts'
import { NGINX_CERTIFICATE, nginxPages, nginxResources } from './nginx-host.ts'
import { NGINX_PATHS } from './nginx-paths.ts'
import { PORTS } from './traffic-server-files.ts'
import { trafficServerPages, trafficServerResources } from './traffic-server-host.ts'
import { TRAFFIC_SERVER_PATHS } from './traffic-server-paths.ts'
import type { ProxyKind } from '../fleet/front-door-model.ts'
import type { Resource } from '../resource/resource.ts'
import type { Secret } from '../shell/secret.ts'
import type { RolloutBodies } from '../rollout/bodies.ts'
import type { ProxiedService } from '../provision/container-hosts.ts'

type Bodies = Pick<
  RolloutBodies,
  | 'haproxyConfig'
  | 'haproxyLua'
  | 'nginxConfig'
  | 'trafficServerLua'
  | 'trafficServerRecords'
  | 'maintenancePage'
>

/**
 * What a host in front of these services needs to be a proxy of the kind. No slot changes. `own` are the maintenance
 * pages of services that bring one, by name.
 */
export function frontDoorResources(
  kind: ProxyKind,
  services: readonly ProxiedService[],
  certificate: Secret,
  bodies: Bodies,
  own: ReadonlyMap<string, string> = new Map(),
): readonly Resource[] {
  return [freePorts(kind), ...proxyResources(kind, services, certificate, bodies, own)]
}

function proxyResources(
  kind: ProxyKind,
  services: readonly ProxiedService[],
  certificate: Secret,
  bodies: Bodies,
  own: ReadonlyMap<string, string>,
): readonly Resource[] {
  const pages = new Map(services.map(({ name }) => [name, own.get(name) ?? bodies.maintenancePage()]))
  switch (kind) {
    case 'haproxy':
      return haproxyResources({
        services: services.map(({ name }) => name),
        config: bodies.haproxyConfig({
          services: services.map(each => ({ ...each, healthMap: healthMap(each.name) })),
          certificate: CERTIFICATE,
        }),
        lua: bodies.haproxyLua({
          pages: services.map(({ name }) => ({ service: name, path: haproxyPage(name) })),
          map: HAPROXY_PATHS.map,
        }),
        certificate,
        pages,
      })
    case 'nginx': {
      const config = bodies.nginxConfig({ services, certificate: NGINX_CERTIFICATE, ...NGINX_PATHS })
      return nginxResources(services, config, certificate, pages)
    }
    case 'trafficserver': {
      const { lua: path, home, pages: folder, host } = TRAFFIC_SERVER_PATHS
      const lua = bodies.trafficServerLua({ services, path, home, pages: folder, host })
      const records = bodies.trafficServerRecords({ ports: PORTS })
      return trafficServerResources({ services, records, lua, certificate, pages })
    }
  }
}

/** The maintenance pages alone, by service: they may change between two deploys. */
export function pageResources(kind: ProxyKind, pages: ReadonlyMap<string, string>): readonly Resource[] {
  switch (kind) {
    case 'haproxy':
      return haproxyPages(pages)
    case 'nginx':
      return nginxPages(pages)
    case 'trafficserver':
      return trafficServerPages(pages)
  }
}
