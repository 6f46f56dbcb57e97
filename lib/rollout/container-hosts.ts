import { HAPROXY_CHECK } from '../container/haproxy-check.ts'
import { healthMap } from '../container/haproxy.ts'
import type { ContainerService, Fleet } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { onlyIf } from '../resource/conditions.ts'
import { directory } from '../resource/kinds/directory.ts'
import { file } from '../resource/kinds/file.ts'
import { packages } from '../resource/kinds/packages.ts'
import { timer } from '../resource/kinds/timer.ts'
import { unit } from '../resource/kinds/unit.ts'
import type { Handler, Resource } from '../resource/resource.ts'
import type { Secret } from '../shell/secret.ts'
import { sh } from '../shell/sh.ts'
import { serverName } from './proxy.ts'
import { SLOTS } from './slot.ts'

const FINISH_SLOTS = '/usr/local/lib/fleetfile/finish-slots'

/** What a host needs to run slots: a container engine, and what stops slots that have been warm for long enough. */
export const slotHostResources = (finishSlots: string): readonly Resource[] => [
  packages(['docker.io', 'iptables']),
  directory({ path: '/usr/local/lib/fleetfile', mode: 0o755 }),
  file({ path: FINISH_SLOTS, content: finishSlots, mode: 0o755 }),
  timer({
    name: 'fleetfile-finish',
    calendar: '*:0/5:20',
    command: sh`${FINISH_SLOTS}`,
    user: 'root',
    persistent: false,
  }),
  unit({ name: 'docker.service', enabled: true, active: true }),
]

/** Where HAProxy finds its key and certificate. */
export const CERTIFICATE = '/etc/haproxy/fleet.pem'

const reloadHaproxy: Handler = { id: 'reload haproxy', script: 'systemctl reload-or-restart haproxy' }

/** What the proxy's host needs: HAProxy with its certificate and a configuration that no swap ever changes. */
export const proxyResources = (
  config: string,
  certificate: Secret,
  services: readonly string[],
): readonly Resource[] => [
  packages(['haproxy', 'socat']),
  // HAProxy does not start without them; what is in them, swaps write.
  ...services.flatMap(name =>
    onlyIf(sh`[ ! -e ${healthMap(name)} ]`, file({ path: healthMap(name), content: '', mode: 0o644 })),
  ),
  directory({ path: '/etc/haproxy', mode: 0o755 }),
  file({ path: CERTIFICATE, content: certificate, mode: 0o600, notify: [reloadHaproxy] }),
  file({
    path: '/etc/haproxy/haproxy.cfg',
    content: config,
    mode: 0o644,
    check: HAPROXY_CHECK,
    notify: [reloadHaproxy],
  }),
  unit({ name: 'haproxy.service', enabled: true, active: true }),
]

/** A service as the proxy sees it: both slots of each of its hosts. */
export interface ProxiedService {
  readonly name: string
  readonly names: readonly string[]
  readonly health: string
  /** The secret that holds its certificate. */
  readonly certificate?: string
  readonly servers: readonly { readonly name: string; readonly address: string; readonly port: number }[]
}

/** Every service that the hosts of `role` stand in front of, in a stable order. */
export const proxiedServices = (
  fleet: Fleet,
  role: string,
  hosts: readonly FleetHost[],
): readonly ProxiedService[] =>
  Object.entries(fleet.services)
    .filter(
      (entry): entry is [string, ContainerService] =>
        entry[1].kind === 'container' && entry[1].proxy.role === role,
    )
    .map(([name, service]) => ({
      name,
      names: service.proxy.names,
      health: service.health,
      ...(service.proxy.certificate === undefined ? {} : { certificate: service.proxy.certificate }),
      servers: hosts
        .filter(host => host.role === service.role)
        .flatMap(host =>
          SLOTS.map(slot => ({
            name: serverName(host.name, slot),
            address: host.address,
            port: service.slots[slot],
          })),
        ),
    }))
