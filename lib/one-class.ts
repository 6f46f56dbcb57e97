/** Stands on classes that every copy of this package takes for its own. */
export const SHARED = Symbol.for('fleetfile.class')

/**
 * What `instanceof` says for a class marked SHARED: whether the value was made by it, by a class below it, or by their
 * namesakes in another copy of this package, which a module that a user's own imports may have brought along.
 */
export function isMadeBy(value: unknown, wanted: { readonly name: string }): boolean {
  if (typeof value !== 'object' || value === null) return false
  let from: unknown = Object.getPrototypeOf(value)
  while (typeof from === 'object' && from !== null) {
    const made: unknown = Object.hasOwn(from, 'constructor') ? Reflect.get(from, 'constructor') : undefined
    if (made === wanted) return true
    if (typeof made === 'function' && made.name === wanted.name && SHARED in made) return true
    from = Object.getPrototypeOf(from)
  }
  return false
}
