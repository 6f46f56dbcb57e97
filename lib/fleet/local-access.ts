import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { labPlace } from '../providers/lab/place.ts'
import type { Environment } from '../task/environment.ts'
import { knownKeys, parseKnownHosts } from '../transport/known-hosts.ts'
import type { Fleet } from './model.ts'
import { recordedHostKeys } from './record-host-keys.ts'
import type { LocalAccess } from './resolve.ts'

/** `~/x` as a path under the operator's home. */
const expandHome = (path: string, home: string): string =>
  path.startsWith('~/') ? join(home, path.slice(2)) : path

/** The operator's keys, agent and known_hosts; for a lab the key that was made for it. */
export async function localAccess(fleet: Fleet, environment: Environment): Promise<LocalAccess> {
  const { home } = environment.paths
  const agent = environment.env.SSH_AUTH_SOCK
  const identityFile =
    fleet.provider === 'lab'
      ? join(labPlace(fleet.name, environment).directory, 'id_ed25519')
      : fleet.access.identityFile === undefined
        ? undefined
        : expandHome(fleet.access.identityFile, home)
  const recorded = recordedHostKeys(environment.paths.state, fleet.name)
  const files = [recorded, join(home, '.ssh/known_hosts')]
  const texts = await Promise.all(files.map(path => readFile(path, 'utf8').catch(() => '')))
  const known = parseKnownHosts(texts.join('\n'))
  return {
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(agent === undefined || fleet.provider === 'lab' ? {} : { agent }),
    knownKeys: (address, port) => knownKeys(known, address, port).keys,
  }
}
