import type { EngineName } from '../fleet/container-model.ts'
import type { ContainerService, Fleet } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
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

const engineResources = (engine: EngineName): readonly Resource[] =>
  engine === 'docker'
    ? [packages(['docker.io', 'iptables']), unit({ name: 'docker.service', enabled: true, active: true })]
    : // Podman has no daemon: a unit starts again after a boot what is to be up.
      [packages(['podman', 'curl']), unit({ name: 'podman-restart.service', enabled: true })]

/** What a host needs to run slots: a container engine, and what stops slots that have been warm for long enough. */
export const slotHostResources = (
  finishSlots: string,
  engine: EngineName = 'docker',
): readonly Resource[] => [
  ...engineResources(engine),
  directory({ path: '/usr/local/lib/fleetfile', mode: 0o755 }),
  file({ path: FINISH_SLOTS, content: finishSlots, mode: 0o755 }),
  timer({
    name: 'fleetfile-finish',
    calendar: '*:0/5:20',
    command: sh`${FINISH_SLOTS}`,
    user: 'root',
    persistent: false,
  }),
]

/** Where HAProxy finds its key and certificate. */
export const CERTIFICATE = '/etc/haproxy/fleet.pem'

const reloadHaproxy: Handler = { id: 'reload haproxy', script: 'systemctl reload-or-restart haproxy' }

/** What the proxy's host needs: HAProxy with its certificate and a configuration that no swap ever changes. */
export const proxyResources = (config: string, certificate: Secret): readonly Resource[] => [
  packages(['haproxy', 'socat']),
  directory({ path: '/etc/haproxy', mode: 0o755 }),
  file({ path: CERTIFICATE, content: certificate, mode: 0o600, notify: [reloadHaproxy] }),
  file({
    path: '/etc/haproxy/haproxy.cfg',
    content: config,
    mode: 0o644,
    check: sh`haproxy -c -q -f "$1"`,
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
