import { describe, expect, test } from 'vitest'
import { maskedSides } from '../../../lib/plan/mask.ts'
import { Secret, secretText } from '../../../lib/shell/secret.ts'

const token = new Secret('token', 'hunter2')
const pem = new Secret('pem', '-----BEGIN KEY-----\nMIIEvQIBADAN==\nDEBUG=1\n-----END KEY-----')

test.each<[string, string, Secret, string[], string[]]>([
  [
    'the same secret',
    'TOKEN=hunter2\n',
    secretText`TOKEN=${token}\n`,
    ['TOKEN=[secret token]'],
    ['TOKEN=[secret token]'],
  ],
  [
    'a rotated one',
    'TOKEN=older99\n',
    secretText`TOKEN=${token}\n`,
    ['TOKEN=[secret]'],
    ['TOKEN=[secret token]'],
  ],
  [
    'a line that nobody knows any more',
    'OLD=older99\nhunter3\n',
    secretText`TOKEN=${token}\n`,
    ['[secret]', '[secret]'],
    ['TOKEN=[secret token]'],
  ],
  [
    'a public word that is a secret elsewhere',
    'ENV=prod\nPASSWORD=prod\n',
    secretText`ENV=prod\nPASSWORD=${new Secret('p', 'prod')}\n`,
    ['ENV=prod', 'PASSWORD=[secret p]'],
    ['ENV=prod', 'PASSWORD=[secret p]'],
  ],
  [
    'several lines, rotated',
    'A=1\n-----BEGIN KEY-----\nMIIAAAAAAAAA==\n-----END KEY-----\n',
    secretText`A=1\n${pem}\n`,
    ['A=1', '[secret]', '[secret]', '[secret]'],
    ['A=1', '[secret pem]'],
  ],
  [
    'keys with blanks and colons',
    'password: older99\nuser bob\n',
    secretText`password: ${token}\nuser ann\n`,
    ['password:[secret]', 'user [secret]'],
    ['password: [secret token]', 'user ann'],
  ],
  ['nothing there', '', secretText`A=${token}`, [], ['A=[secret token]']],
])('%s', (_, before, wanted, old, now) => {
  expect(maskedSides(before, wanted)).toEqual({ before: old, after: now })
})

describe('a plain file in the place of a private one', () => {
  test('shows of it only what both have', () => {
    const { before } = maskedSides('A=1\nTOKEN="hunter2"\nB=hunter2\n', 'A=1\nB=2\n')
    expect(before).toEqual(['A=1', '[secret]', 'B=[secret]'])
  })
})

test('a secret whose masked form says nothing of its shape', () => {
  const { before, after } = maskedSides('a\nb\nhunter2\n', new Secret('file', 'a\nb\nhunter2\n'))
  expect(before).toEqual(['[secret]', '[secret]', '[secret]'])
  expect(after).toEqual(['[secret file]'])
})
