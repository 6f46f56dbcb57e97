import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { labPlace } from '../providers/lab/place.ts'
import type { Environment } from '../task/environment.ts'
import type { IdentityKind } from '../transport/choose.ts'
import { isSecurityKey } from '../transport/identity-file.ts'
import { joinKnownHosts, knownKeys, parseKnownHosts, type KnownHosts } from '../transport/known-hosts.ts'
import type { Fleet } from './model.ts'
import { recordedHostKeys } from './record-host-keys.ts'
import type { LocalAccess } from './resolve.ts'
import { readSshConfig, type SshAnswer } from './ssh-config.ts'

/** `~/x` as a path under the operator's home. */
const expandHome = (path: string, home: string): string =>
  path.startsWith('~/') ? join(home, path.slice(2)) : path

/** What OpenSSH tries when nothing is configured, best first. */
const DEFAULT_IDENTITIES = ['id_ed25519', 'id_ecdsa', 'id_rsa', 'id_ed25519_sk', 'id_ecdsa_sk']

/** The operator's keys, agent, ssh config and known_hosts; for a lab the key that was made for it. */
export async function localAccess(fleet: Fleet, environment: Environment): Promise<LocalAccess> {
  const { home, state } = environment.paths
  const recorded = recordedHostKeys(state, fleet.name)
  const own = join(home, '.ssh/known_hosts')
  if (fleet.provider === 'lab') {
    const known = await readKnownHosts([recorded, own])
    return {
      identityFile: join(labPlace(fleet.name, environment).directory, 'id_ed25519'),
      knownKeys: (address, port) => knownKeys(known([recorded, own]), address, port),
    }
  }
  const { identityFile: named } = fleet.access
  const identityFile = named === undefined ? undefined : expandHome(named, home)
  const agent = environment.env.SSH_AUTH_SOCK
  const answers = await readSshConfig(fleet, environment)
  const configs = [...answers.values()].flatMap(answer => [
    answer.config,
    ...answer.jumps.map(hop => hop.config),
  ])
  const defaults = DEFAULT_IDENTITIES.map(name => join(home, '.ssh', name))
  const files = [...defaults, ...configs.flatMap(config => config.identityFiles)]
  const kinds = await identityKinds([...(identityFile === undefined ? [] : [identityFile]), ...files])
  const known = await readKnownHosts([recorded, own, ...configs.flatMap(config => config.knownHostsFiles)])
  return {
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(agent === undefined || agent === '' ? {} : { agent }),
    ...(kinds.size > 0 ? {} : { agentIsForeign: await isForeign(agent) }),
    defaultIdentities: defaults.filter(file => kinds.has(file)),
    identityKinds: kinds,
    sshConfig: (host: string): SshAnswer | undefined => answers.get(host),
    knownKeys: (address, port, more = [own]) => knownKeys(known([recorded, ...more]), address, port),
  }
}

/** Reads each file once; the function joins some of them. */
async function readKnownHosts(files: readonly string[]): Promise<(some: readonly string[]) => KnownHosts> {
  const read = new Map<string, KnownHosts>()
  await Promise.all(
    [...new Set(files)].map(async file =>
      read.set(file, parseKnownHosts(await readFile(file, 'utf8').catch(() => ''), file)),
    ),
  )
  return some => joinKnownHosts([...new Set(some)].flatMap(file => read.get(file) ?? []))
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** What each identity file that is there holds, by what lies beside it or, for want of that, by its own type. */
async function identityKinds(files: readonly string[]): Promise<ReadonlyMap<string, IdentityKind>> {
  const kinds = new Map<string, IdentityKind>()
  await Promise.all(
    [...new Set(files)].map(async file => {
      const publicKey = await readFile(`${file}.pub`, 'utf8').catch(() => '')
      if (!(await exists(file)) && publicKey === '') return
      if (await exists(`${file}-cert.pub`)) kinds.set(file, 'certified')
      else if (publicKey === '') kinds.set(file, (await isHardware(file)) ? 'hardware' : 'plain')
      else kinds.set(file, publicKey.startsWith('sk-') ? 'hardware' : 'plain')
    }),
  )
  return kinds
}

/** A file that cannot be read is for the login to complain about. */
const isHardware = (file: string): Promise<boolean> => readFile(file, 'utf8').then(isSecurityKey, () => false)

/** Whether the agent answers, and shows ssh2 no key. */
async function isForeign(agent: string | undefined): Promise<boolean> {
  if (agent === undefined || agent === '') return false
  const { agentKeys } = await import('../transport/agent-keys.ts')
  return agentKeys(agent).then(
    keys => keys.length === 0,
    () => false,
  )
}
