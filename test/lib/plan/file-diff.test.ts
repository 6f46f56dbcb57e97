import { expect, test } from 'vitest'
import { fileDiff } from '../../../lib/plan/file-diff.ts'
import { LARGEST, type PresentFile } from '../../../lib/plan/present-files.ts'
import { Secret, secretText } from '../../../lib/shell/secret.ts'

const path = '/etc/x'
const present = (text: string | Buffer, isPrivate = false): PresentFile => {
  const content = Buffer.from(text)
  return { size: content.length, isPrivate, content: content.length > LARGEST ? undefined : content }
}

test('a new file', async () => {
  expect(await fileDiff({ path, content: 'a\nb\n' }, undefined)).toBe(
    '--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,2 @@\n+a\n+b\n',
  )
})

test('a changed line, with what is around it', async () => {
  const old = present('1\n2\n3\n4\n5\n6\n7\n8\n')
  expect(await fileDiff({ path, content: '1\n2\n3\n4\nfive\n6\n7\n8\n' }, old)).toBe(
    '--- /etc/x\n+++ /etc/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
  )
})

test('the same bytes have no diff', async () => {
  expect(await fileDiff({ path, content: Buffer.from('a\n') }, present('a\n'))).toBeUndefined()
  expect(await fileDiff({ path, content: new Secret('s', 'a\n') }, present('a\n'))).toBeUndefined()
})

test.each<[string, string | Buffer, PresentFile | undefined, string]>([
  ['bytes', Buffer.from([0, 1]), present('a\n'), 'binary files differ, 2 B -> 2 B\n'],
  ['no UTF-8', 'a\n', present(Buffer.from([0xff, 0xfe])), 'binary files differ, 2 B -> 2 B\n'],
  ['a large file', 'a\n', present('x'.repeat(LARGEST + 1)), 'binary files differ, 262 kB -> 2 B\n'],
  ['a large new one', 'x'.repeat(LARGEST + 1), undefined, 'binary files differ, no file -> 262 kB\n'],
])('%s', async (_, content, old, text) => {
  expect(await fileDiff({ path, content }, old)).toBe(text)
})

test('endless different lines end in one', async () => {
  const lines = (word: string) => Array.from({ length: 9000 }, (_, index) => `${word}${index}\n`).join('')
  expect(await fileDiff({ path, content: lines('a') }, present(lines('b')))).toContain('more than 2000 lines')
})

test('a rotated secret among public lines', async () => {
  const content = secretText`A=1\nTOKEN=${new Secret('token', 'hunter2')}\n`
  const diff = await fileDiff({ path, content }, present('A=0\nTOKEN=older99\n', true))
  expect(diff).toContain('-A=[secret]\n-TOKEN=[secret]\n+A=1\n+TOKEN=[secret token]\n')
  expect(diff).not.toMatch(/hunter2|older99/)
})

test('a secret without a shape of its own', async () => {
  const content = new Secret('certificate', 'hunter2\nhunter3\n')
  const diff = await fileDiff({ path, content }, present('older99\n', true))
  expect(diff).toContain('-[secret]\n+[secret certificate]\n')
})

test.each([
  ['a file that is new', undefined],
  ['a file that everybody may read', present('A=1\nTOKEN=older99\n')],
])('a secret in %s', async (_, old) => {
  const content = secretText`A=1\nTOKEN=${new Secret('token', 'hunter2')}\n`
  const diff = await fileDiff({ path, content }, old)
  expect(diff).toContain('+TOKEN=[secret token]\n')
  expect(diff).not.toMatch(/hunter2|older99/)
})

test('only the mask of a secret would differ', async () => {
  const secret = new Secret('s', 'new\n', '[secret]\n')
  expect(await fileDiff({ path, content: secret }, present('old\n', true))).toBe(
    'only secrets in it differ\n',
  )
})

test('a private file that becomes a public one', async () => {
  const diff = await fileDiff({ path, content: 'A=1\n' }, present('A=1\nTOKEN=older99\n', true))
  expect(diff).toContain(' A=1\n-[secret]\n')
  expect(diff).not.toContain('older99')
})
