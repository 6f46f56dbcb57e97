import type { HostEngine } from '../container/host-engine.ts'

/**
 * How many of an image's layers, from the lowest, an engine can do without. Engines know a layer by all that lies below
 * it, so only a common beginning with one of its images counts; equal layers on another base do not.
 */
export function sharedLayers(
  layers: readonly string[],
  { images, blobs }: Pick<HostEngine, 'images' | 'blobs'>,
): number {
  let best = 0
  for (const chain of images.values()) {
    const isThere = (layer: string) => blobs === undefined || blobs.has(layer)
    const missing = layers.findIndex((layer, index) => chain[index] !== layer || !isThere(layer))
    best = Math.max(best, missing === -1 ? layers.length : missing)
  }
  return best
}
