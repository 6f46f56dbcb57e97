import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { quote } from '../../../lib/shell/quote.ts'

const HOSTILE = [
  '',
  ' ',
  'plain',
  'two words',
  "it's",
  "'",
  "''",
  `'"'"'`,
  '"double"',
  '$HOME',
  '${HOME:-x}',
  '$(touch /tmp/owned)',
  '`id`',
  '$((1+1))',
  '\\',
  '\\n',
  "\\'",
  'line\nbreak',
  '\n',
  'ends with newline\n',
  '\r\n',
  '\t',
  '-rf',
  '--help',
  '-',
  '--',
  '*',
  '?',
  '[a-z]',
  '/*',
  '{a,b}',
  '~',
  '~root',
  '=ls',
  'a=b',
  '#comment',
  'a#b',
  ';',
  'a;b',
  'a && b',
  '| cat',
  '> /tmp/owned',
  '< /etc/passwd',
  '&',
  '!!',
  '!history',
  '(subshell)',
  '%s%n',
  'naïve',
  '日本語',
  '🚀',
  'e\u0301',
  '\u202Eright to left',
  '\u00A0',
  '\u2028',
  '\x01\x1b[31m',
  '\x7f',
  'x'.repeat(10_000),
  "'".repeat(100),
]

test.each(HOSTILE)('%j comes back from a real shell', value => {
  const out = execFileSync('/bin/sh', ['-c', `printf '%s.' ${quote(value)}`], { encoding: 'utf8' })
  expect(out).toBe(`${value}.`)
})

test('all of them together stay as many words', () => {
  const words = HOSTILE.map(quote).join(' ')
  const out = execFileSync('/bin/sh', ['-c', `set -- ${words}; printf '%s\\0' "$#" "$@"`], {
    encoding: 'utf8',
  })
  expect(out).toBe(`${[HOSTILE.length, ...HOSTILE].join('\0')}\0`)
})

test('random strings of troublesome characters come back', () => {
  const alphabet = `'"\\$\`!*?[]{}()<>|&;#~= \n\t-aé🚀`
  const letters = Array.from(alphabet)
  let seed = 20_261_122
  const next = (limit: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * limit)
  }
  const values = Array.from({ length: 500 }, () =>
    Array.from({ length: next(12) }, () => letters[next(letters.length)] ?? '').join(''),
  )
  const script = `printf '%s\\0' ${values.map(quote).join(' ')}`
  const out = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })
  expect(out.split('\0').slice(0, -1)).toEqual(values)
})

test('plain words stay readable', () => {
  expect(quote('/etc/nginx/nginx.conf')).toBe('/etc/nginx/nginx.conf')
  expect(quote('deploy@web1:22,a=b+c%d')).toBe('deploy@web1:22,a=b+c%d')
})

test('a NUL is refused', () => {
  expect(() => quote('a\0b')).toThrow(TypeError)
})
