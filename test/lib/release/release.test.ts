import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { execa } from 'execa'
import { extract } from 'tar-stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigError } from '../../../lib/errors.ts'
import { resolveRelease } from '../../../lib/release/release.ts'

const { signal } = new AbortController()
let root = ''
let repository = ''
const options = () => ({ signal, cwd: root })
const release = (ref: string, source: string | undefined = repository) =>
  resolveRelease(source, ref, options())
const git = (...args: string[]) =>
  execa('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: repository })
const digest = async (archive: Readable) =>
  createHash('sha256')
    .update(await buffer(archive))
    .digest('hex')

async function names(archive: Readable): Promise<string[]> {
  const found: string[] = []
  for await (const entry of archive.pipe(extract())) {
    found.push(`${entry.header.name} ${(entry.header.mode ?? 0).toString(8)} ${entry.header.uid}`)
    entry.resume()
  }
  return found
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 't-swap-release-'))
  repository = join(root, 'repo')
  await mkdir(join(repository, 'sub'), { recursive: true })
  await git('init', '-q', '-b', 'main')
  await writeFile(join(repository, 'app.py'), 'print(1)\n')
  await writeFile(join(repository, 'run.sh'), '#!/bin/sh\n')
  await chmod(join(repository, 'run.sh'), 0o775)
  await writeFile(join(repository, 'sub/data'), 'x')
  await writeFile(join(repository, '.gitignore'), 'secret\n')
  await writeFile(join(repository, 'secret'), 'no')
  await symlink('sub/data', join(repository, 'link'))
  await git('add', '.')
  await git('commit', '-qm', 'one')
  await git('tag', 'v1')
  await git('commit', '-qm', 'same', '--allow-empty')
  await git('tag', 'v1-again')
  await writeFile(join(repository, 'app.py'), 'print(2)\n')
  await git('commit', '-qam', 'two')
  await git('tag', 'v2')
})
afterAll(() => rm(root, { recursive: true, force: true }))

test('the same content has the same id and the same bytes, other content another', async () => {
  const [one, again, two] = await Promise.all([release('v1'), release('v1-again'), release('v2')])
  expect(one.id).toMatch(/^[0-9a-f]{12}$/)
  expect(again.id).toBe(one.id)
  expect(two.id).not.toBe(one.id)
  expect(await digest(one.archive())).toBe(await digest(again.archive()))
  expect(await digest(one.archive())).not.toBe(await digest(two.archive()))
  expect(one.label).toBe('v1')
})

test('a git archive has fixed modes and owners and leaves ignored files out', async () => {
  expect(await names((await release('v1')).archive())).toEqual([
    '.gitignore 644 0',
    'app.py 644 0',
    'link 644 0',
    'run.sh 755 0',
    'sub/ 755 0',
    'sub/data 644 0',
  ])
})

test('a source inside a repository is released alone', async () => {
  const sub = await release('v1', join(repository, 'sub'))
  expect(await names(sub.archive())).toEqual(['data 644 0'])
})

test('a folder follows git in what it leaves out, and its bytes are stable', async () => {
  const folder = await release('./repo')
  expect((await names(folder.archive())).map(line => line.split(' ')[0])).toEqual([
    '.gitignore',
    'app.py',
    'link',
    'run.sh',
    'sub/data',
  ])
  expect(await digest(folder.archive())).toBe(await digest((await release('./repo')).archive()))
})

test('a plain folder is hashed by names, modes and bytes', async () => {
  const plain = join(root, 'plain')
  await mkdir(join(plain, 'node_modules'), { recursive: true })
  await writeFile(join(plain, 'a'), '1')
  await writeFile(join(plain, 'node_modules/x'), '1')
  const first = await release('./plain')
  expect(await names(first.archive())).toEqual(['a 644 0'])
  expect((await release('plain', root)).id).toBe(first.id)
  await chmod(join(plain, 'a'), 0o755)
  expect((await release('./plain')).id).not.toBe(first.id)
})

test.each([
  ['nope', 'no tag, branch or commit nope', 'git -C'],
  ['--upload-pack=x', 'cannot be a release', 'ls '],
  ['-v', 'cannot be a release', 'ls '],
  ['a b', 'cannot be a release', 'ls '],
  ['./nope', 'no folder', 'ls '],
])('%s is refused', async (ref, message, hint) => {
  const error = await release(ref).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  expect(error).toMatchObject({
    message: expect.stringContaining(message) as unknown,
    hint: expect.stringContaining(hint) as unknown,
  })
})

test('links that lead out and submodules are refused by name', async () => {
  await symlink('../../etc/passwd', join(repository, 'out'))
  await git('add', 'out')
  await git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},vendor`)
  await git('commit', '-qm', 'bad')
  await expect(release('HEAD')).rejects.toThrow(/out links to .*outside[^]*vendor is a submodule/)
  await expect(release('./repo')).rejects.toThrow(/out links to/)
  await git('reset', '-q', '--hard', 'v2')
})
