/**
 * How many of an image's layers, from the lowest, an engine has already. Engines know a layer by all that lies below
 * it, so only a common beginning with one of its images counts; equal layers on another base do not.
 */
export function sharedLayers(layers: readonly string[], known: readonly (readonly string[])[]): number {
  let best = 0
  for (const chain of known) {
    let count = 0
    while (count < layers.length && chain[count] === layers[count]) count += 1
    best = Math.max(best, count)
  }
  return best
}
