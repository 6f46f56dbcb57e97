import { distance } from 'fastest-levenshtein'

const letters = (word: string): string => Array.from(word).sort().join('')

/** Edits between two words; two letters swapped, the commonest slip, count as one. */
const edits = (given: string, name: string): number =>
  distance(given, name) - (given !== name && letters(given) === letters(name) ? 1 : 0)

/** The known name that was probably meant, when one is near enough to be worth saying. */
export function suggest(given: string, known: readonly string[]): string | undefined {
  const word = given.toLowerCase()
  const near = known
    .map(name => ({ name, edits: edits(word, name) }))
    .filter(each => each.edits <= Math.max(1, Math.floor(Math.max(word.length, each.name.length) / 3)))
    .toSorted((a, b) => a.edits - b.edits)
  return near[0]?.name ?? known.find(name => word.length >= 3 && name.startsWith(word))
}

/** `unknown role "wbe", did you mean "web"?` */
export function unknown(kind: string, given: string, known: readonly string[]): string {
  const meant = suggest(given, known)
  return `unknown ${kind} "${given}"${meant === undefined ? '' : `, did you mean "${meant}"?`}`
}
