import { expect, test } from 'vitest'
import { parseAge } from '../../../lib/swap/restarted.ts'

test.each([
  ['true 0 5321', { running: true, exitCode: '0', milliseconds: 5321 }],
  ['false 137 12\n', { running: false, exitCode: '137', milliseconds: 12 }],
  ['  0', undefined],
  ['', undefined],
  ['true 0 1; reboot', undefined],
])('reads %j', (line, age) => {
  expect(parseAge(line)).toEqual(age)
})
