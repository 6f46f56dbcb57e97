import { ConfigError } from '../errors.ts'
import type { Secret } from '../shell/secret.ts'
import { unknown } from '../suggest.ts'

/** Where secrets come from. */
export interface SecretStore {
  /** Rejects with a ConfigError, with a hint on how to set it, when there is no such secret. */
  get(name: string): Promise<Secret>
}

/** Throws for a name that the fleet does not declare, whatever holds it. */
export function requireDeclared(name: string, names: readonly string[]): void {
  if (names.includes(name)) return
  throw new ConfigError(unknown('secret', name, names), {
    hint:
      names.length > 0
        ? `secrets of the fleet: ${names.join(', ')}`
        : 'declare it in the fleet: secrets: [...]',
  })
}
