import { Secret } from '../shell/secret.ts'

const SHORTEST = 4
const masked = '[secret]'

/** The parts of a secret text that its masked form does not show, so: the secrets in it. Longest first. */
function hiddenParts(secret: Secret): string[] {
  const shown = new Set(String(secret).split(/[\s"'`=,;:@]+/))
  const lines = secret.reveal().split('\n')
  const parts = lines.flatMap(line => line.split(/[\s"'`=,;:@]+/))
  const hidden = new Set(parts.filter(part => part.length >= SHORTEST && !shown.has(part)))
  if (lines.length === 1 && secret.reveal().length >= SHORTEST) hidden.add(secret.reveal())
  return [...hidden].sort((a, b) => b.length - a.length)
}

/** What must not be shown of these values, longest first, so that no part is left of a longer one. */
export function hiddenPartsOf(values: readonly unknown[]): string[] {
  const parts = values.flatMap(value => (value instanceof Secret ? hiddenParts(value) : []))
  return [...new Set(parts)].sort((a, b) => b.length - a.length)
}

/**
 * Takes secrets out of what programs print: a config check quotes the line it does not like. A net under the rule that
 * steps print no secret, not a replacement for it.
 */
export function redactor(values: readonly unknown[]): (text: string) => string {
  const parts = hiddenPartsOf(values)
  return text => parts.reduce((result, part) => result.replaceAll(part, masked), text)
}
