import { Secret } from '../shell/secret.ts'

/** What stands for a line, or the rest of one, that must not be seen. */
export const MASK = '[secret]'

/** A text as lines: without the empty one after a last newline. */
export const linesOf = (text: string): string[] => {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Up to the first `=`, `:` or space, that included; undefined for a line without any. */
const keyOf = (line: string): string | undefined => /^[^=: ]+[=: ]/.exec(line)?.[0]

/** How both sides of a file that must not be seen are shown. */
export interface MaskedSides {
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/**
 * Of the new side, its masked form. Of the old side, a line that the new file has too, as it is shown there; of any
 * other only a key that the new side shows as well: of a key in many lines every line looks like one. `wanted` is plain
 * text where only the file that is there must not be seen.
 */
export function maskedSides(before: string, wanted: string | Secret): MaskedSides {
  const after = linesOf(String(wanted))
  const real = linesOf(wanted instanceof Secret ? wanted.reveal() : wanted)
  // A secret of several lines is one line in the masked form: then only lines that both forms have are known.
  const isAligned = real.length === after.length
  const shown = new Map<string, string>()
  const own = new Set(real)
  for (const [index, line] of after.entries()) {
    if (isAligned) shown.set(real[index] ?? '', line)
    else if (own.has(line)) shown.set(line, line)
  }
  const keys = new Set(after.flatMap(line => keyOf(line) ?? []))
  const mask = (line: string): string => {
    const same = shown.get(line)
    if (same !== undefined) return same
    const key = keyOf(line)
    return key !== undefined && keys.has(key) ? `${key}${MASK}` : MASK
  }
  return { before: linesOf(before).map(mask), after }
}
