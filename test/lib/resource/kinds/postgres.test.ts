import { expect, test } from 'vitest'
import { postgresDatabase } from '../../../../lib/resource/kinds/postgres-database.ts'
import { postgresRole } from '../../../../lib/resource/kinds/postgres-role.ts'
import { scramMatches, scramVerifier } from '../../../../lib/resource/kinds/scram.ts'
import { Secret, revealed } from '../../../../lib/shell/secret.ts'
import { judge } from '../../../support/resource-case.ts'

/* RFC 7677's example: user "user", password "pencil". */
const PENCIL =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='
const role = postgresRole({ name: 'app', password: new Secret('db', 'pencil') })

test.each([
  ['', 'login nosuperuser nocreatedb nocreaterole', true],
  ['down\n', 'login nosuperuser nocreatedb nocreaterole', true],
  ['=\n', 'login nosuperuser nocreatedb nocreaterole', true],
  [`=\napp|t|f|f|f|${PENCIL}\n`, undefined, false],
  [`=\napp|t|t|f|f|${PENCIL}\n`, 'nosuperuser', false],
  [`=\napp|f|f|f|f|${PENCIL.replace('WG5', 'WG6')}\n`, 'login, another password', true],
  ['=\napp|t|f|f|f|md5abcdef\n', 'another password', true],
  ['=\napp|t|f|f|f|\n', 'another password', true],
])('role, seen %j', (output, detail, password) => {
  const judged = judge(role, output)
  expect(judged.detail).toBe(detail)
  const stdin = judged.steps[0]?.stdin
  const text = stdin instanceof Secret ? stdin.reveal() : ''
  expect(text.includes("PASSWORD 'SCRAM-SHA-256$4096:")).toBe(password)
  expect(text).not.toContain('pencil')
  expect(String(stdin)).not.toContain('SCRAM')
})

test('a server that does not answer is noted', () => {
  expect(judge(role, 'down\n').note).toContain('does not answer')
  expect(judge(role, '').note).toBeUndefined()
})

test('a verifier is of its password only', () => {
  const verifier = scramVerifier('a ü b')
  expect(scramMatches(verifier, 'a ü b')).toBe(true)
  expect(scramMatches(verifier, 'a u b')).toBe(false)
  expect(scramVerifier('a')).not.toBe(scramVerifier('a'))
})

test.each([
  ['', 'owned by app, UTF8', undefined],
  ['=\napp|app|UTF8\n', undefined, undefined],
  ['=\napp|postgres|UTF8\n', 'owner postgres -> app', undefined],
  ['=\napp|app|SQL_ASCII\n', undefined, 'its encoding is SQL_ASCII, which cannot be changed'],
])('database, seen %j', (output, detail, note) => {
  const judged = judge(postgresDatabase({ name: 'app', owner: 'app' }), output)
  expect(judged).toMatchObject({ detail, note })
  expect(revealed(typeof judged.steps[0]?.stdin === 'string' ? judged.steps[0].stdin : '')).not.toContain(
    'undefined',
  )
})

test.each(['a b', 'A', "a'b", 'a"b', '', '1a', 'a;b'])('refuses %j', name => {
  expect(() => postgresRole({ name })).toThrow('is not allowed')
  expect(() => postgresDatabase({ name: 'a', owner: name })).toThrow('is not allowed')
})
