import { expect, test } from 'vitest'
import { sharedLayers } from '../../../lib/ship/layers.ts'

test.each([
  ['an engine without images', ['a', 'b'], [], 0],
  ['the same image', ['a', 'b'], [['a', 'b']], 2],
  ['a newer release on the same base', ['a', 'b', 'd'], [['a'], ['a', 'b', 'c']], 2],
  ['an image that holds more', ['a', 'b'], [['a', 'b', 'c']], 2],
  ['equal layers on another base', ['a', 'b', 'c'], [['x', 'b', 'c']], 0],
])('%s', (_, layers, known, shared) => {
  expect(sharedLayers(layers, known)).toBe(shared)
})
