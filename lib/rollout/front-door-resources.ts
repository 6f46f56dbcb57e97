import { NGINX_CERTIFICATE, nginxResources } from '../container/nginx-host.ts'
import { NGINX_PATHS } from '../container/nginx-paths.ts'
import { ConfigError } from '../errors.ts'
import type { ProxyKind } from '../fleet/front-door-model.ts'
import type { Resource } from '../resource/resource.ts'
import type { Secret } from '../shell/secret.ts'
import type { RolloutBodies } from './bodies.ts'
import { CERTIFICATE, proxyResources, type ProxiedService } from './container-hosts.ts'

/** What a host in front of these services needs to be a proxy of the kind. No slot changes. */
export function frontDoorResources(
  kind: ProxyKind,
  services: readonly ProxiedService[],
  certificate: Secret,
  bodies: Pick<RolloutBodies, 'haproxyConfig' | 'nginxConfig'>,
): readonly Resource[] {
  switch (kind) {
    case 'haproxy':
      return proxyResources(bodies.haproxyConfig({ services, certificate: CERTIFICATE }), certificate)
    case 'nginx': {
      const { home, closing, host } = NGINX_PATHS
      const config = bodies.nginxConfig({ services, certificate: NGINX_CERTIFICATE, home, closing, host })
      return nginxResources(services, config, certificate)
    }
    case 'trafficserver':
      throw new ConfigError(`no proxy of the kind ${kind} is known`)
  }
}
