import { expect, test } from 'vitest'
import { clip } from '../../../lib/text/clip.ts'

test('clip counts columns', () => {
  expect(clip('日本語', 5)).toBe('日…')
  expect(clip('abc', 3)).toBe('abc')
})
