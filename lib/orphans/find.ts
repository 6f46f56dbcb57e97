import { containerName } from '../container/slot.ts'
import { openPorts } from '../fleet/ports.ts'
import type { Fleet } from '../fleet/model.ts'
import { isPair } from '../fleet/pair-model.ts'
import { pairDeclared } from '../pair/declared.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Resource } from '../resource/resource.ts'
import { serviceFolder } from '../release/manifest.ts'
import { SLOTS } from '../swap/slot.ts'
import { ORPHAN_TYPES, orphanFile, orphanName, type Orphan, type StrayPort } from './orphan.ts'
import type { SeenThings } from './seen.ts'

/** What the fleet file asks of one host, by name. */
export interface Declared {
  /** Paths of files and folders. */
  readonly paths: ReadonlySet<string>
  readonly users: ReadonlySet<string>
  readonly containers: ReadonlySet<string>
  readonly ports: ReadonlySet<number>
}

const UNITS = '/etc/systemd/system'

/** The names in a host's wanted state. */
export function declaredOn(
  fleet: Fleet,
  host: FleetHost,
  hosts: readonly FleetHost[],
  resources: readonly Resource[],
): Declared {
  const paths = new Set<string>()
  const users = new Set<string>()
  const containers = new Set<string>()
  const ports = new Set(openPorts(fleet, host, hosts).map(({ port }) => port))
  // What a pair's hosts hold comes with its releases, not with a plan.
  const ofPairs = Object.entries(fleet.services).flatMap(([name, service]) =>
    isPair(service) && service.role === host.role ? pairDeclared(fleet.name, name, service) : [],
  )
  for (const { id, kind, wanted } of [...resources, ...ofPairs]) {
    const body = kind.body?.(wanted)
    if (body !== undefined) paths.add(body.path)
    const [, type, name] = /^(directory|file|user) (.+)$/.exec(id) ?? []
    if (name !== undefined) (type === 'user' ? users : paths).add(name)
    const [, unit] = /^unit file (.+)$/.exec(id) ?? []
    if (unit !== undefined) paths.add(`${UNITS}/${unit}`)
    const [, timer] = /^timer (.+)$/.exec(id) ?? []
    // A timer is two unit files.
    if (timer !== undefined) for (const end of ['timer', 'service']) paths.add(`${UNITS}/${timer}.${end}`)
  }
  for (const [name, service] of Object.entries(fleet.services)) {
    if (service.kind !== 'container' || service.role !== host.role) continue
    paths.add(serviceFolder(name))
    for (const slot of SLOTS) {
      containers.add(containerName(name, slot))
      ports.add(service.slots[slot])
    }
  }
  return { paths, users, containers, ports }
}

/** The same as orphans would be called: what must not be removed by name. */
export function declaredNames(...of: Parameters<typeof declaredOn>): readonly string[] {
  const { paths, users, containers } = declaredOn(...of)
  return [
    ...[...paths].flatMap(path => [orphanName(orphanFile(path)), `folder ${path}`, `file ${path}`]),
    ...[...users].map(name => `user ${name}`),
    ...[...containers].map(name => `container ${name}`),
  ]
}

/** What of a host's things is declared nowhere, in the order in which it would be removed. Pure. */
export function orphansOf(seen: SeenThings, declared: Declared): readonly Orphan[] {
  const found: readonly Orphan[] = [
    ...seen.files.filter(path => !declared.paths.has(path)).map(orphanFile),
    ...seen.users.filter(name => !declared.users.has(name)).map(name => ({ type: 'user' as const, name })),
    ...seen.folders
      .filter(path => !declared.paths.has(path))
      .map(path => ({ type: 'folder' as const, name: path, path })),
    ...seen.containers
      .filter(({ name }) => !declared.containers.has(name))
      .map(({ name, state }) => ({ type: 'container' as const, name, detail: state })),
  ]
  const rank = ({ type }: Orphan): number => ORPHAN_TYPES.indexOf(type)
  return found.toSorted((a, b) => rank(a) - rank(b) || (orphanName(a) < orphanName(b) ? -1 : 1))
}

/** The client's side of DHCP listens wherever addresses are leased. */
const SYSTEM_PORTS = new Set([68, 546])

/** Ports that listen on other addresses than the loopback and are declared by no role. Pure. */
export function strayPorts(seen: SeenThings, { ports }: Declared): readonly StrayPort[] {
  const found = new Map<string, StrayPort>()
  for (const line of seen.sockets) {
    const [protocol = '', , , , local = '', , rest = ''] = line.trim().split(/\s+/)
    const port = Number(local.split(':').at(-1))
    const isLocal = /^(127\.|\[::1\]|\[::ffff:127\.)|%lo:/.test(local)
    if (isLocal || !Number.isInteger(port) || ports.has(port) || SYSTEM_PORTS.has(port)) continue
    const [, program = ''] = /"([^"]+)"/.exec(rest) ?? []
    found.set(`${protocol} ${port}`, { protocol, port, program })
  }
  return [...found.values()].toSorted((a, b) => a.port - b.port)
}
