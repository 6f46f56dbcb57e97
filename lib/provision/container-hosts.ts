import type { EngineName } from '../fleet/container-model.ts'
import type { CacheSpec } from '../fleet/front-door-model.ts'
import type { Fleet, Service } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { onlyIf } from '../resource/conditions.ts'
import { directory } from '../resource/kinds/directory.ts'
import { file } from '../resource/kinds/file.ts'
import { packages } from '../resource/kinds/packages.ts'
import { timer } from '../resource/kinds/timer.ts'
import { unit } from '../resource/kinds/unit.ts'
import type { Resource } from '../resource/resource.ts'
import { sh } from '../shell/sh.ts'
import { healthPath } from '../proxy/health-path.ts'
import { isPair, slotOfHost } from '../fleet/pair-model.ts'
import { serverName, WHOLE_HOST } from '../proxy/proxy.ts'
import { SLOTS } from '../swap/slot.ts'

const FINISH_SLOTS = '/usr/local/lib/fleetfile/finish-slots'

/** From Debian 13 on the engine comes without its client. */
const HAS_OWN_CLIENT = sh`. /etc/os-release; [ "$ID" = debian ] && [ "\${VERSION_ID:-99}" -ge 13 ]`

const engineResources = (engine: EngineName): readonly Resource[] =>
  engine === 'docker'
    ? [
        packages(['docker.io', 'iptables']),
        ...onlyIf(HAS_OWN_CLIENT, packages(['docker-cli'])),
        unit({ name: 'docker.service', enabled: true, active: true }),
      ]
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

/** A service as the proxy sees it: both slots of each of its hosts, or its whole hosts. */
export interface ProxiedService {
  readonly name: string
  readonly names: readonly string[]
  readonly health: string
  /** The secret that holds its certificate. */
  readonly certificate?: string
  /** The file that holds its maintenance page, relative to the fleet file. */
  readonly maintenance?: string
  /** What the proxy keeps of its answers; nothing unless told. */
  readonly cache?: CacheSpec
  readonly servers: readonly { readonly name: string; readonly address: string; readonly port: number }[]
}

/** Every service that the hosts of `role` stand in front of, in a stable order. */
export const proxiedServices = (
  fleet: Fleet,
  role: string,
  hosts: readonly FleetHost[],
): readonly ProxiedService[] =>
  Object.entries(fleet.services).flatMap(([name, service]) => {
    const { proxy } = service
    if (proxy?.role !== role) return []
    const { names, certificate, maintenance, cache } = proxy
    return [
      {
        name,
        names,
        health: healthPath(service),
        ...(certificate === undefined ? {} : { certificate }),
        ...(maintenance === undefined ? {} : { maintenance }),
        ...(cache === undefined ? {} : { cache }),
        servers: hosts.filter(host => host.role === service.role).flatMap(host => serversOn(host, service)),
      },
    ]
  })

function serversOn(host: FleetHost, service: Service): ProxiedService['servers'] {
  const { name, address } = host
  if (service.kind === 'container') {
    return SLOTS.map(slot => ({ name: serverName(name, slot), address, port: service.slots[slot] }))
  }
  const { proxy } = service
  const slot = isPair(service) ? slotOfHost(service, name) : WHOLE_HOST
  return proxy === undefined || slot === undefined
    ? []
    : [{ name: serverName(name, slot), address, port: proxy.port }]
}
