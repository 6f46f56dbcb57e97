import { expect, it } from 'vitest'
import { UsageError } from '../../../lib/errors.ts'
import { parseUserId } from '../../../lib/logs/user-id.ts'

it('takes 24 hexadecimal digits and writes them small', () => {
  expect(parseUserId('53C1f0d5b0d9f5a8e4000001')).toBe('53c1f0d5b0d9f5a8e4000001')
})

const id = '53c1f0d5b0d9f5a8e4000001'
it.each([
  '',
  '../../etc/passwd',
  '-rf',
  'a;reboot',
  `${id}\n`,
  `\n${id}`,
  ` ${id}`,
  `${id}\0`,
  id.slice(1),
  `${id}0`,
  `${id}.log`,
  '5３c1f0d5b0d9f5a8e4000001',
  '\u001b[31m\u202e',
  'x'.repeat(10_000),
])('refuses %j on one short line', text => {
  expect(() => parseUserId(text)).toThrow(UsageError)
  expect(() => parseUserId(text)).toThrow(/^[\u0020-\u007e\uff13]{10,140}$/)
  expect(() => parseUserId(text)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('fleet users list') }),
  )
})
