import type { FrontDoor } from '../fleet/front-door-model.ts'
import type { Proxy } from './proxy.ts'
import type { HostContext } from '../rollout/rollout-context.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { trafficServer } from './traffic-server.ts'

/** The proxy of a service on one host, whatever program it is. */
export function proxyOf(
  host: HostContext,
  service: string,
  { proxy: { kind = 'haproxy' } }: { readonly proxy: FrontDoor },
): Proxy {
  switch (kind) {
    case 'haproxy':
      return haproxy(host, service)
    case 'nginx':
      return nginx(host, service)
    case 'trafficserver':
      return trafficServer(host, service)
  }
}
