import { ConfigError } from '../errors.ts'
import { Secret } from '../shell/secret.ts'
import { requireDeclared, type SecretStore } from './store.ts'

export interface EnvironmentSecretsOptions {
  /** The secrets that the fleet declares. */
  readonly names: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** `database-password` is read from `FLEET_SECRET_DATABASE_PASSWORD`. */
export const variableOf = (name: string): string => `FLEET_SECRET_${name.toUpperCase().replaceAll('-', '_')}`

/** Secrets from environment variables, for CI. An empty variable counts as not set. */
export function environmentSecrets({ names, env }: EnvironmentSecretsOptions): SecretStore {
  return {
    async get(name) {
      requireDeclared(name, names)
      const value = env[variableOf(name)]
      if (value !== undefined && value !== '') return new Secret(name, value)
      throw new ConfigError(`secret "${name}" is not set`, {
        hint: `set ${variableOf(name)} in the environment`,
      })
    },
  }
}
