import { expect, test } from 'vitest'
import { sharedLayers } from '../../../lib/ship/layers.ts'

const known = (chains: readonly (readonly string[])[]) =>
  new Map(chains.map((chain, index) => [`image ${index}`, chain]))

test.each([
  ['an engine without images', ['a', 'b'], [], 0],
  ['the same image', ['a', 'b'], [['a', 'b']], 2],
  ['a newer release on the same base', ['a', 'b', 'd'], [['a'], ['a', 'b', 'c']], 2],
  ['an image that holds more', ['a', 'b'], [['a', 'b', 'c']], 2],
  ['equal layers on another base', ['a', 'b', 'c'], [['x', 'b', 'c']], 0],
])('%s', (_, layers, chains, shared) => {
  expect(sharedLayers(layers, { images: known(chains), blobs: undefined })).toBe(shared)
})

test('containerd does without a layer only where it has its very bytes, not those it was pulled as', () => {
  const images = known([['a', 'b', 'c']])
  expect(sharedLayers(['a', 'b', 'd'], { images, blobs: new Set(['a', 'b', 'c']) })).toBe(2)
  expect(sharedLayers(['a', 'b', 'd'], { images, blobs: new Set(['a', 'c']) })).toBe(1)
  expect(sharedLayers(['a', 'b', 'd'], { images, blobs: new Set() })).toBe(0)
})
