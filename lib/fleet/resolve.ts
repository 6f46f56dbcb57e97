import { ConfigError } from '../errors.ts'
import type { Machine } from '../providers/provider.ts'
import { chooseTransport, opensshReason, type IdentityKind } from '../transport/choose.ts'
import type { KnownKeys } from '../transport/known-hosts.ts'
import type { SshConfig } from '../transport/ssh-config.ts'
import type { OpenSshSettings, Target } from '../transport/transport.ts'
import type { Fleet, Host } from './model.ts'
import type { FleetHost } from './resolved.ts'
import type { SshAnswer } from './ssh-config.ts'

/** What the operator's machine adds to a fleet: keys, ssh config, and the host keys it already trusts. */
export interface LocalAccess {
  /** The fleet file's. */
  readonly identityFile?: string
  readonly agent?: string
  /** Nothing else to log in with, and the agent has only keys that ssh2 does not know. */
  readonly agentIsForeign?: boolean
  /** The identity files that OpenSSH tries by itself and that are there. */
  readonly defaultIdentities?: readonly string[]
  /** Of the identity files that are there. */
  readonly identityKinds?: ReadonlyMap<string, IdentityKind>
  /** What ssh config says of a host of the fleet; undefined without a config. */
  sshConfig?(host: string): SshAnswer | undefined
  /** What known_hosts says of `address:port`: in `files`, or else in the operator's own. */
  knownKeys(address: string, port: number, files?: readonly string[]): KnownKeys
}

/** Where a host is, and who logs in. */
type Place = Pick<Target, 'name' | 'address' | 'port' | 'user'>

/** The target at a place, with all that this machine knows of it. The fleet file wins over ssh config. */
function targetAt(
  place: Place,
  pinned: readonly string[],
  config: SshConfig | undefined,
  alias: string,
  fleet: Fleet,
  local: LocalAccess,
): Target {
  const { identityFile, identityKinds = new Map<string, IdentityKind>() } = local
  const known = config?.hostKeyAlias
    ? local.knownKeys(config.hostKeyAlias, 22, config.knownHostsFiles)
    : local.knownKeys(place.address, place.port, config?.knownHostsFiles)
  const more = (config?.identityFiles ?? local.defaultIdentities ?? []).filter(
    file => file !== identityFile && identityKinds.has(file),
  )
  const agent = config?.agent === 'none' ? undefined : (config?.agent ?? local.agent)
  const isPinned = pinned.length > 0
  const target: Target = {
    ...place,
    hostKeys: isPinned ? pinned : known.keys,
    ...(isPinned || known.keys.length === 0 ? {} : { pinnedIn: known.places }),
    ...(known.revoked.length === 0 ? {} : { revokedKeys: known.revoked }),
    ...(known.authorities.length === 0 || isPinned ? {} : { authorities: known.authorities }),
    ...(config?.hostKeyAlias === undefined ? {} : { hostKeyAlias: config.hostKeyAlias }),
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(more.length === 0 ? {} : { moreIdentityFiles: more }),
    ...(config?.identitiesOnly === true ? { identitiesOnly: true } : {}),
    ...(agent === undefined ? {} : { agent }),
    ...(config === undefined ? {} : { openssh: opensshSettings(config, alias) }),
  }
  const reason = opensshReason(target, identityKinds, local.agentIsForeign === true)
  return { ...target, transport: chooseTransport(fleet.access.transport, reason) }
}

const opensshSettings = (config: SshConfig, alias: string): OpenSshSettings => ({
  alias,
  ...(config.proxyCommand === undefined ? {} : { proxyCommand: config.proxyCommand }),
  ...(config.certificateFiles.length === 0 ? {} : { certificateFiles: config.certificateFiles }),
  ...(config.pkcs11Provider === undefined ? {} : { pkcs11Provider: config.pkcs11Provider }),
  ...(config.securityKeyProvider === undefined ? {} : { securityKeyProvider: config.securityKeyProvider }),
})

/** A hop of a ProxyJump. One that is a host of the fleet is reached as that, unless the hop says otherwise. */
function jumpTarget(hop: SshAnswer['jumps'][number], fleet: Fleet, local: LocalAccess): Target {
  const { alias, config } = hop
  const member = Object.hasOwn(fleet.hosts, alias) ? fleet.hosts[alias] : undefined
  const place = {
    name: alias,
    address: member?.address ?? config.hostname,
    port: hop.port ?? member?.port ?? config.port,
    user: hop.user ?? (member === undefined ? config.user : fleet.access.user),
  }
  return targetAt(place, member?.hostKeys ?? [], config, alias, fleet, local)
}

function resolveHost(
  name: string,
  host: Host,
  machine: Machine | undefined,
  fleet: Fleet,
  local: LocalAccess,
): FleetHost {
  const answer = local.sshConfig?.(name)
  const config = answer?.config
  const configured = config?.hostname === name ? undefined : config?.hostname
  const address = host.address ?? machine?.address ?? configured
  if (address === undefined) {
    throw new ConfigError('has no address', {
      host: name,
      hint: `give hosts.${name}.address in the fleet file`,
    })
  }
  const place = { name, address, port: host.port ?? config?.port ?? 22, user: fleet.access.user }
  const pinned = [...(host.hostKeys ?? []), ...(machine?.hostKeys ?? [])]
  const jumps = (answer?.jumps ?? []).map(hop => jumpTarget(hop, fleet, local))
  const target = {
    ...targetAt(place, pinned, config, answer?.alias ?? address, fleet, local),
    ...(jumps.length === 0 ? {} : { jumps }),
  }
  return { name, role: host.role, address, target, firstUser: host.firstUser ?? machine?.firstUser ?? 'root' }
}

/**
 * Every host of the fleet with its address, login and pinned keys. With a provider that makes machines, hosts whose
 * machine does not exist are an error that says how to make them.
 */
export function resolveHosts(
  fleet: Fleet,
  machines: readonly Machine[],
  local: LocalAccess,
): readonly FleetHost[] {
  const byName = new Map(machines.map(machine => [machine.name, machine]))
  const missing = Object.entries(fleet.hosts).filter(
    ([name, host]) => host.address === undefined && !byName.has(name),
  )
  if (missing.length > 0 && fleet.provider === 'lab') {
    const names = missing.map(([name]) => name).join(', ')
    throw new ConfigError(`the lab has no machine for ${names}`, { hint: 'fleet lab up' })
  }
  return Object.entries(fleet.hosts).map(([name, host]) =>
    resolveHost(name, host, byName.get(name), fleet, local),
  )
}
