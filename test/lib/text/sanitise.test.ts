import { expect, test } from 'vitest'
import { sanitise } from '../../../lib/text/sanitise.ts'

test('sanitise keeps lines when asked', () => {
  expect(sanitise('a\r\nb\tc\u001b[1md', 'lines')).toBe('a\nb  cd')
  expect(sanitise('a\nb')).toBe('a b')
})

test.each([
  ['a title with blanks', 'a\x1b]0;not the title\x07b'],
  ['a link', '\x1b]8;;https://x/?a b\x1b\\a\x1b]8;;\x1b\\b'],
  ['a private sequence', 'a\x1b[?25lb\x9b2J'],
  ['marks that turn text around', 'a\u202eb\u2066\u200f\u2028'],
])('%s is removed', (_, text) => {
  expect(sanitise(text)).toBe('ab')
  expect(sanitise(text, 'lines')).toBe('ab')
})

test('a sequence inside another leaves none', () => {
  expect(sanitise('a\x1b[\x1b[1m31mb')).not.toContain('\x1b')
})

test('a title without an end hides nothing', () => {
  expect(sanitise('\x1b]0;x\nb', 'lines')).toContain('\nb')
})
