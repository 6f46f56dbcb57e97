import { expect, test } from 'vitest'
import { because, isDenied } from '../../../lib/transfer/remote-reason.ts'

test.each([
  ['', ''],
  ['mktemp: Permission denied\n', ' mktemp: Permission denied'],
  ['tar: one\ntar: two\n', '\n  tar: one\n  tar: two'],
])('%j stands behind the colon as %j', (said, expected) => {
  expect(because(said)).toBe(expected)
})

test.each([
  ['mktemp: /etc/x: Permission denied', true],
  ["chown: changing ownership of 'x': Operation not permitted", true],
  ["chown: invalid user: 'nope:deploy'", false],
])('%j is for want of rights: %j', (said, expected) => {
  expect(isDenied(said)).toBe(expected)
})
