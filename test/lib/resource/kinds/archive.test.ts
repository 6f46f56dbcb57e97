import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { absentArchive, archive } from '../../../../lib/resource/kinds/archive.ts'
import { converge } from '../../../support/converge.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const sha256 = 'a'.repeat(64)
const url = 'https://dl.example/app.tar.gz'
const wanted = archive({ path: '/opt/app', from: { url }, sha256 })
const { id } = wanted.wanted
const version = pathOutput(`/opt/app.versions/${id}`, 'd 755 root root').slice(0, -1)

test.each([
  ['nothing there', NO_PATH, id],
  [
    'as wanted',
    `${pathOutput('/opt/app', 'l 777 root root', { target: `app.versions/${id}` }).slice(0, -1)}${version}\0`,
    undefined,
  ],
  [
    'another version',
    pathOutput('/opt/app', 'l 777 root root', { target: 'app.versions/old' }),
    `old -> ${id}`,
  ],
  [
    'its version gone',
    pathOutput('/opt/app', 'l 777 root root', { target: `app.versions/${id}` }),
    `${id} -> ${id}`,
  ],
  ['a folder', pathOutput('/opt/app', 'd 755 root root'), `directory -> ${id}`],
])('%s', (_, output, detail) => {
  expect(judge(wanted, output).detail).toBe(detail)
})

test('the host fetches by https alone', () => {
  const [step] = judge(wanted, NO_PATH).steps
  expect(scriptOf(step)).toContain(`curl -fsSL --proto '=https' --proto-redir '=https'`)
  expect(scriptOf(step)).toContain(`url=${url}`)
})

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-archive'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const owner = userInfo().username
const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()
function tar(files: Record<string, string>, ...more: readonly string[]): Uint8Array {
  const source = mkdtempSync(join(folder, 'source'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(source, 'app-1'), { recursive: true })
    writeFileSync(join(source, 'app-1', name), text)
  }
  return execFileSync('tar', ['-C', source, '-czf', '-', ...more, 'app-1'])
}
const of = (content: Uint8Array, strip = 1) =>
  archive({
    path: join(folder, "it's", 'app'),
    from: { content },
    sha256: createHash('sha256').update(content).digest('hex'),
    strip,
    owner,
    group,
  })
const path = (...parts: readonly string[]) => join(folder, "it's", ...parts)

test('it is unpacked, replaced as a whole, repaired and removed', () => {
  mkdirSync(path())
  const [one, two, three] = ['one', 'two', 'three'].map(text => of(tar({ file: text, [text]: '' })))
  if (!one || !two || !three) throw new Error('three archives')
  expect(converge(one)?.action).toBe('create')
  expect(converge(one)).toBeUndefined()
  expect(readFileSync(path('app', 'file'), 'utf8')).toBe('one')
  expect(converge(two)?.action).toBe('change')
  expect(converge(two)).toBeUndefined()
  expect(readdirSync(path('app')).sort()).toEqual(['file', 'two'])
  converge(three)
  expect(readdirSync(path('app.versions')).sort()).toEqual([two.wanted.id, three.wanted.id].sort())
  rmSync(path('app.versions', three.wanted.id), { recursive: true })
  expect(converge(three)?.action).toBe('change')
  expect(converge(three)).toBeUndefined()
  expect(converge(absentArchive(path('app')))?.action).toBe('remove')
  expect(converge(absentArchive(path('app')))).toBeUndefined()
  expect(readdirSync(path())).toEqual([])
})

test('nothing lands outside, and what cannot be unpacked leaves the old version', () => {
  mkdirSync(path())
  converge(of(tar({ file: 'one' })))
  const before = readlinkSync(path('app'))
  const evil = tar({ file: 'evil' }, '--transform=s,app-1/file,a/../../../../escaped,', '-P')
  expect(() => converge(of(evil, 0))).toThrow("Member name contains '..'")
  expect(() => converge(of(tar({ file: 'x' }), 5))).toThrow('strip fewer folders')
  expect(() => converge(of(new Uint8Array(2000).fill(7)))).toThrow('does not look like a tar archive')
  expect(readlinkSync(path('app'))).toBe(before)
  expect(readdirSync(path('app.versions'))).toHaveLength(1)
  expect(existsSync(join(folder, 'escaped'))).toBe(false)
})

test('a folder of somebody else is left alone', () => {
  mkdirSync(path('app'), { recursive: true })
  expect(() => converge(of(tar({ file: 'one' })))).toThrow('was not made by fleet')
  expect(() => converge(absentArchive(path('app')))).toThrow('was not made by fleet')
})

test.each([
  { sha256: 'x' },
  { from: { url: 'http://a/b' } },
  { from: { url: 'https://u:p@a/b' } },
  { from: { url: 'https://a/b c' } },
  { from: { url: '-o' } },
  { from: { content: new Uint8Array(1) } },
  { strip: -1 },
  { owner: '-x' },
  { path: 'x' },
])('refuses %j', bad => {
  expect(() => archive({ path: '/opt/app', from: { url }, sha256, ...bad })).toThrow(
    /not allowed|another SHA/,
  )
})
