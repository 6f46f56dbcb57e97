import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GitCheckoutOptions } from '../../../../lib/resource/kinds/git-checkout.ts'
import { gitCheckout } from '../../../../lib/resource/kinds/git-checkout.ts'
import { gitUrl } from '../../../../lib/resource/kinds/git-url.ts'
import { converge } from '../../../support/converge.ts'
import { judge } from '../../../support/resource-case.ts'

const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)]
const url = 'https://git.example/app.git'
const options = { path: '/srv/app', url, ref: { branch: 'main' }, owner: 'app' }

test.each([
  [{}, 'absent\n\n\n\n\n', `branch main of ${url}`],
  [{}, `checkout\n${OLD}\n${OLD}\n${url}\n\n`, undefined],
  [{}, `checkout\n${OLD}\n${NEW}\n${url}\n\n`, 'aaaaaaaaaaaa -> branch main (bbbbbbbbbbbb)'],
  [{}, `checkout\n${OLD}\n\n${url}\n\n`, 'aaaaaaaaaaaa -> branch main'],
  [{}, `checkout\n\n\n\n\n`, `no URL -> ${url}, nothing -> branch main`],
  [{}, `checkout\n${OLD}\n${OLD}\n${url}\n M x\n`, undefined],
  [{ local: 'reset' as const }, `checkout\n${OLD}\n${OLD}\n${url}\n M x\n`, 'changed on the host: reset'],
  [
    { ref: { commit: NEW } },
    `checkout\n${OLD}\n\n${url}\n\n`,
    `aaaaaaaaaaaa -> commit ${NEW} (bbbbbbbbbbbb)`,
  ],
])('%j, seen %j', (more, output, detail) => {
  expect(judge(gitCheckout({ ...options, ...more }), output).detail).toBe(detail)
})

test('changes on the host are a note', () => {
  expect(judge(gitCheckout(options), `checkout\n${OLD}\n${OLD}\n${url}\n M x\n`).note).toContain('changed')
})

let folder = ''
let origin = ''
const owner = userInfo().username
const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', '-C', origin, ...args], {
    encoding: 'utf8',
  }).trim()
function commit(text: string): string {
  writeFileSync(join(origin, 'file'), text)
  git('add', '.')
  git('commit', '-qm', text)
  return git('rev-parse', 'HEAD')
}
const read = () => readFileSync(join(folder, "it's here/app/file"), 'utf8')
const apply = (more: Partial<GitCheckoutOptions>) =>
  converge(gitCheckout({ ...options, path: join(folder, "it's here/app"), url: origin, owner, ...more }))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-git'))
  origin = join(folder, 'origin')
  execFileSync('git', ['init', '-q', '-b', 'main', origin])
})
afterAll(() => rmSync(folder, { recursive: true }))

test('a branch, followed or not, a tag and a commit are checked out', () => {
  const first = commit('one')
  git('tag', '-am', 'v1', 'v1')
  expect(apply({})?.action).toBe('create')
  expect(apply({})).toBeUndefined()
  const second = commit('two')
  expect(apply({})).toBeUndefined()
  expect(apply({ follow: true })?.detail).toContain(`(${second.slice(0, 12)})`)
  expect(read()).toBe('two')
  expect(apply({ follow: true })).toBeUndefined()
  expect(apply({ ref: { tag: 'v1' } })?.action).toBe('change')
  expect(read()).toBe('one')
  expect(apply({ ref: { tag: 'v1' } })).toBeUndefined()
  expect(apply({ ref: { tag: 'v1' }, follow: true })).toBeUndefined()
  expect(apply({ ref: { commit: second } })?.detail).toContain(`${first.slice(0, 12)} -> commit`)
  expect(apply({ ref: { commit: second } })).toBeUndefined()
})

test('changes on the host are refused, or reset', () => {
  writeFileSync(join(folder, "it's here/app/file"), 'mine')
  expect(() => apply({ ref: { tag: 'v1' } })).toThrow(
    "changed on the host: commit it elsewhere, or use local: 'reset'",
  )
  expect(read()).toBe('mine')
  expect(apply({ ref: { tag: 'v1' }, local: 'reset' })?.action).toBe('change')
  expect(read()).toBe('one')
  expect(apply({ ref: { tag: 'v1' }, local: 'reset' })).toBeUndefined()
})

test('what cannot be fetched changes nothing', () => {
  expect(() => apply({ ref: { branch: 'none' } })).toThrow("couldn't find remote ref")
  expect(read()).toBe('one')
})

test('a folder of somebody else is left alone', () => {
  const path = join(folder, 'theirs')
  execFileSync('sh', ['-c', 'mkdir "$1"; echo x >"$1/x"', 'sh', path])
  expect(() => apply({ path })).toThrow('is there and no checkout')
})

test.each([
  'ext::sh -c id',
  'http://a/b',
  'git://a/b',
  'https://user:hunter2@a/b',
  '-oProxyCommand=id',
  'ssh://-oProxyCommand=id/x',
  'a@-b:x',
  'https://a/b c',
  '/a/../b',
  'relative',
  '',
])('refuses URL %j', bad => {
  expect(() => gitUrl(bad)).toThrow(/^(?!.*hunter2).*is not allowed/)
})

test.each([
  { ref: { branch: '-x' } },
  { ref: { branch: 'a..b' } },
  { ref: { branch: 'a b' } },
  { ref: { tag: 'a^{}' } },
  { ref: { commit: 'abc' } },
  { ref: { commit: NEW }, follow: true },
  { owner: 'a b' },
  { depth: 0 },
])('refuses %j', bad => {
  expect(() => gitCheckout({ ...options, ...bad })).toThrow(/not allowed|never moves/)
})
