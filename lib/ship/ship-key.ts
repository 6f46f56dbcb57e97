import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { FleetHost } from '../fleet/resolved.ts'
import { Secret } from '../shell/secret.ts'

/** A key pair for one ship, which the operator's machine forgets when it is over. */
export interface ShipKey {
  readonly private: Secret
  /** `ssh-ed25519 AAAA...` */
  readonly public: string
}

/** Makes a key in OpenSSH's own form. */
export async function shipKey(): Promise<ShipKey> {
  const { default: ssh2 } = await import('ssh2')
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    // Now and then its generator makes a key that cannot be read.
    if (ssh2.utils.parseKey(pair.private) instanceof Error) continue
    return { private: new Secret('key', pair.private), public: pair.public.trim() }
  }
}

/** The addresses from which hosts may come. What has none is left out: it is sent its bytes from here. */
export async function addressesOf(hosts: readonly FleetHost[]): Promise<readonly string[]> {
  const found = await Promise.all(
    hosts.map(async ({ address }) =>
      isIP(address) === 0
        ? (await lookup(address, { all: true }).catch(() => [])).map(each => each.address)
        : [address],
    ),
  )
  return [...new Set(found.flat())]
}

/** What a host that fetches knows of its source: its pinned keys, under one name. Undefined where none is pinned. */
export function knownSource({ target }: FleetHost): string | undefined {
  const keys = [
    ...target.hostKeys.map(key => `source ${key}`),
    ...(target.authorities ?? []).map(key => `@cert-authority * ${key}`),
  ]
  return keys.length === 0 ? undefined : `${keys.join('\n')}\n`
}
