import { ConfigError } from '../errors.ts'
import type { Env } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { quote } from '../shell/quote.ts'
import { revealed, Secret } from '../shell/secret.ts'

export type ResolvedEnv = Readonly<Record<string, string | Secret>>

/** A service's environment with addresses and secrets filled in. */
export async function resolveEnv(
  env: Env,
  sources: { readonly hosts: readonly FleetHost[]; secret(name: string): Promise<Secret> },
): Promise<ResolvedEnv> {
  const resolved: Record<string, string | Secret> = {}
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== 'object') {
      resolved[name] = String(value)
    } else if ('secret' in value) {
      resolved[name] = await sources.secret(value.secret)
    } else {
      const host = sources.hosts.find(candidate => candidate.name === value.addressOf)
      if (host === undefined)
        throw new ConfigError(`${name} wants the address of ${value.addressOf}, which is no host`)
      resolved[name] = host.address
    }
  }
  return resolved
}

/** The environment as a file that a POSIX shell sources; a secret, since it holds some. */
export function shellEnvFile(env: ResolvedEnv): Secret {
  const lines = Object.entries(env).map(([name, value]) => `${name}=${quote(revealed(value))}\n`)
  const masked = Object.entries(env).map(([name, value]) => `${name}=${String(value)}\n`)
  return new Secret('environment', lines.join(''), masked.join(''))
}
