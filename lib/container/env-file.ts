import { ConfigError } from '../errors.ts'
import { Secret } from '../shell/secret.ts'

/** The environment of a service, its values resolved. */
export type EnvValues = Readonly<Record<string, string | number | Secret>>

/**
 * The text of a file for `docker run --env-file`, in a fixed order. The format knows no quotes: a value cannot hold a
 * line break, and one that does is refused by its name.
 */
export function envFile(env: EnvValues): Secret {
  const lines: [shown: string, real: string][] = []
  const issues: string[] = []
  for (const [name, value] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const real = value instanceof Secret ? value.reveal() : String(value)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) issues.push(`${JSON.stringify(name)} is no variable name`)
    else if (/[\n\r\0]/.test(real)) issues.push(`${name} holds a line break`)
    lines.push([`${name}=${String(value)}\n`, `${name}=${real}\n`])
  }
  if (issues.length > 0) {
    throw new ConfigError('the environment cannot be given to a container', {
      issues,
      hint: 'encode such a value (base64) and decode it in the program',
    })
  }
  return new Secret(
    'environment',
    lines.map(([, real]) => real).join(''),
    lines.map(([shown]) => shown).join(''),
  )
}
