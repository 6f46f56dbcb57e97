import { spawnSync } from 'node:child_process'
import { chmodSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LARGEST, parsePresent, presentScript } from '../../../lib/plan/present-files.ts'
import { folder } from '../../support/folder.ts'

function ask(paths: readonly string[]) {
  const { stdout, stderr, status } = spawnSync('/bin/sh', ['-uc', `nonce=N\n${presentScript(paths)}`], {
    encoding: 'latin1',
  })
  expect([status, stderr]).toEqual([0, ''])
  return parsePresent(stdout, 'N', paths.length)
}

test('regular files, whatever is in them and in their names', () => {
  const root = folder({ "it's \n$(id)": 'N end\nü\n', empty: '', large: 'x'.repeat(LARGEST + 1), dir: 'x' })
  symlinkSync('/etc/shadow', join(root, 'link'))
  const names = ["it's \n$(id)", 'empty', 'large', 'missing', 'link', '.']
  const files = ask(names.map(name => join(root, name)))
  expect(files?.map(file => file?.size)).toEqual([9, 0, LARGEST + 1, undefined, undefined, undefined])
  expect(files?.map(file => file?.content?.toString())).toEqual([
    'N end\nü\n',
    '',
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test('what not everybody may read counts as private, by the folders above as well', () => {
  const root = folder({ 'open/file': 'a', 'shut/file': 'a', 'open/mine': 'a' })
  chmodSync(root, 0o755)
  chmodSync(join(root, 'shut'), 0o700)
  chmodSync(join(root, 'open/mine'), 0o600)
  const files = ask(['open/file', 'shut/file', 'open/mine'].map(name => join(root, name)))
  const isRoot = process.getuid?.() === 0
  expect(files?.map(file => file?.isPrivate)).toEqual([!isRoot, true, true])
})

test('a home that is nobody’s, and an answer that was cut off', () => {
  expect(ask(['~no-such-user/.ssh/authorized_keys'])).toEqual([undefined])
  expect(parsePresent('N 0 3 all YWJj\n', 'N', 1)).toBeUndefined()
})
