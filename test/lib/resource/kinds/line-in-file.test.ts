import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { absentLine, lineInFile } from '../../../../lib/resource/kinds/line-in-file.ts'
import { sh } from '../../../../lib/shell/sh.ts'
import { converge } from '../../../support/converge.ts'
import { judge } from '../../../support/resource-case.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fleet 'line"))
})
afterEach(() => rmSync(folder, { recursive: true }))

test.each([
  [{}, 'absent', '+ a=1'],
  [{}, '0 0', '+ a=1'],
  [{}, '1 0', undefined],
  [{ startsWith: 'a=' }, '1 0', undefined],
  [{ startsWith: 'a=' }, '1 2', '+ a=1'],
  [{ startsWith: 'a=' }, '0 1', '+ a=1'],
])('%j, seen %j', (more, output, detail) => {
  expect(judge(lineInFile({ path: '/etc/x', line: 'a=1', ...more }), output).detail).toBe(detail)
})

test.each([
  ['added at the end', { line: 'b=1' }, 'a=1\n', 'a=1\nb=1\n'],
  ['added behind a line without an end', { line: 'b=1' }, 'a=1', 'a=1\nb=1\n'],
  ['in the place of the first, others gone', { line: 'a=2', startsWith: 'a=' }, 'a=1\nx\na=3\n', 'a=2\nx\n'],
  ['the prefix is no pattern', { line: '.*=2', startsWith: '.*' }, 'a=1\n.*=1\n', 'a=1\n.*=2\n'],
  ['numbers are text', { line: '1.0' }, '1\n1.00\n', '1\n1.00\n1.0\n'],
  ['whatever a line holds', { line: String.raw`'"$(id)\n & \1 -n` }, 'x\n', `x\n'"$(id)\\n & \\1 -n\n`],
])('%s', (_, options, before, wanted) => {
  const path = join(folder, 'file')
  writeFileSync(path, before, { mode: 0o640 })
  const resource = lineInFile({ path, ...options })
  expect(converge(resource)).toBeDefined()
  expect(readFileSync(path, 'utf8')).toBe(wanted)
  expect(statSync(path).mode & 0o777).toBe(0o640)
  expect(converge(resource)).toBeUndefined()
})

test('every such line is removed, a link followed, a missing file left', () => {
  const [path, link] = [join(folder, 'file'), join(folder, 'link')]
  writeFileSync(path, 'a\nb\na\nab\n')
  symlinkSync(path, link)
  expect(converge(absentLine({ path: link, line: 'a' }))?.action).toBe('remove')
  expect(readFileSync(path, 'utf8')).toBe('b\nab\n')
  expect(converge(absentLine({ path: link, line: 'a' }))).toBeUndefined()
  expect(converge(absentLine({ path: join(folder, 'none'), line: 'a' }))).toBeUndefined()
})

test('a check that refuses leaves the old file, and nothing beside it', () => {
  const path = join(folder, 'file')
  writeFileSync(path, 'good\n')
  const bad = lineInFile({ path, line: 'bad', check: sh`! grep -q bad "$1"` })
  expect(() => converge(bad)).toThrow(/the check refused it: the old .* stays/)
  expect(readFileSync(path, 'utf8')).toBe('good\n')
  expect(() => converge(lineInFile({ path: join(folder, 'none'), line: 'x' }))).toThrow('no file')
})

test.each([{ line: 'a\nb' }, { line: '' }, { startsWith: 'b' }, { startsWith: '' }, { path: 'etc' }])(
  'refuses %j',
  bad => {
    expect(() => lineInFile({ path: '/etc/x', line: 'a=1', ...bad })).toThrow(/want|not|control/)
  },
)
