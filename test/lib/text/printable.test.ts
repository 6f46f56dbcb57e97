import { expect, it } from 'vitest'
import { printable } from '../../../lib/text/printable.ts'

it('shows hostile text without its power over a terminal', () => {
  expect(printable('\u001b[2Ja\nb\u202ec')).toBe('\\u{1b}[2Ja\\u{a}b\\u{202e}c')
  expect(printable('x'.repeat(500), 10)).toBe('xxxxxxx...')
})
