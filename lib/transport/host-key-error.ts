import { ConfigError, HostKeyError } from '../errors.ts'
import { endpoint } from './endpoint.ts'
import { fingerprint, parsePublicKey, parsePins, type ShownKey } from './host-key.ts'
import type { Target } from './transport.ts'

/** Says whether the key with this blob must be refused although it is pinned. */
export const isRevoked = (target: Target, blob: Buffer): boolean =>
  (target.revokedKeys ?? []).some(key => parsePublicKey(key)?.blob.equals(blob) === true)

const CHECK = `on the host's console run \`for k in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $k; done\``

/** A pinned key as a message names it: its fingerprint, and the line that it stands on. */
function pinnedAs(target: Target, line: string): string {
  const key = parsePublicKey(line)
  if (key === undefined) return 'a malformed key'
  const place = target.pinnedIn?.[line]
  return `${key.type} ${fingerprint(key.blob)} is pinned${place === undefined ? '' : ` in ${place}`}`
}

/** The host shows a key that is revoked or not pinned. Names both sides' fingerprints. */
export function hostKeyRefused(target: Target, shown: ShownKey): HostKeyError {
  const place = endpoint(target.address, target.port)
  const key = `${shown.type} ${shown.fingerprint}`
  const host = target.name
  const revoked = (target.revokedKeys ?? []).map(line => parsePublicKey(line)?.blob)
  if (revoked.some(blob => blob !== undefined && fingerprint(blob) === shown.fingerprint)) {
    return new HostKeyError(`${place} shows the host key ${key}, which is revoked in known_hosts`, {
      host,
      hint: 'give the host new keys (rm /etc/ssh/ssh_host_*; ssh-keygen -A on its console), then pin those',
    })
  }
  if (target.hostKeys.length === 0) {
    return new HostKeyError(`no host key is pinned for ${place}, which shows ${key}`, {
      host,
      hint: `${CHECK}; when it shows the same fingerprint, pin that key in the fleet file`,
    })
  }
  const pinned = target.hostKeys.map(line => pinnedAs(target, line)).join(' and ')
  return new HostKeyError(`${place} shows the host key ${key}, but ${pinned}`, {
    host,
    hint: `was the host rebuilt? ${CHECK}; pin the new key when it shows the same fingerprint. If not, somebody may be between you and the host`,
  })
}

/**
 * ssh2 reads no host certificates and runs no commands. Throws HostKeyError or ConfigError when the host needs what only
 * OpenSSH can do.
 */
export function requirePlain(target: Target): void {
  if (target.openssh?.proxyCommand !== undefined) {
    throw new ConfigError('~/.ssh/config gives a ProxyCommand, and the ssh transport runs none', {
      host: target.name,
      hint: `set access.transport to 'openssh' in the fleet file, or leave it out`,
    })
  }
  if (target.hostKeys.length > 0 || (target.authorities ?? []).length === 0) return
  throw new HostKeyError(
    'only a certificate authority vouches for this host, and the ssh transport reads none',
    {
      host: target.name,
      hint: `set access.transport to 'openssh' in the fleet file, or pin the host's own key`,
    },
  )
}

/** A key's type and blob, without a comment and what may hide in it. */
const bare = (key: string): string => key.trim().split(/\s+/, 2).join(' ')

/** The lines of a known_hosts file that trusts what the target trusts, and nothing else. */
export function privateKnownHosts(target: Target): string {
  const name = target.hostKeyAlias ?? target.address
  parsePins(target.name, target.hostKeys)
  return [
    ...target.hostKeys.map(key => `${name} ${bare(key)}`),
    ...(target.authorities ?? []).map(key => `@cert-authority ${name} ${bare(key)}`),
    ...(target.revokedKeys ?? []).map(key => `@revoked * ${bare(key)}`),
  ]
    .map(line => `${line}\n`)
    .join('')
}
