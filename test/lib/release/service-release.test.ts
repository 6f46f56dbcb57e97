import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { expect, test } from 'vitest'
import type { ContainerService, ProcessService, Service } from '../../../lib/fleet/model.ts'
import { serviceRelease } from '../../../lib/release/service-release.ts'
import { pin, type RunRecord } from '../../../lib/runs/record.ts'
import { folder } from '../../support/folder.ts'
import { testRecord } from '../../support/record.ts'

const service: ProcessService = { kind: 'processes', role: 'web', source: '.' }

/** What a run of the folder `source` finds, and what it notes. A run that goes on has noted something before. */
async function find(
  source: string,
  ref: string | undefined,
  before?: RunRecord,
  of: Service = service,
  uncommitted = false,
) {
  const record = testRecord({ pins: { ...before?.pins } })
  const { signal } = new AbortController()
  const paths = { cwd: source, fleet: source, state: source, cache: source, home: source }
  const note = (name: string, value: string) => pin(record, name, value, before && 'run run-1')
  const release = await serviceRelease({ paths, signal, record, pin: note }, 'app', of, ref, {
    uncommitted: uncommitted ? 'take' : 'refuse',
  })
  return { release, record }
}

function repository() {
  const root = folder({ 'run.sh': 'echo 1\n', 'sub/data': '1\n' })
  const git = (...args: readonly string[]) =>
    execaSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: root })
  git('init', '-q', '-b', 'main')
  const commit = (text: string) => {
    writeFileSync(join(root, 'run.sh'), text)
    writeFileSync(join(root, 'sub/data'), text)
    git('add', '.')
    git('commit', '-qm', text)
  }
  commit('one')
  return { root, git, commit }
}

test('the release is noted', async () => {
  const { root } = repository()
  const { release, record } = await find(root, 'main')
  expect(record.pins).toEqual({ 'release app': release.id })
})

test.each<[string, string | undefined, ProcessService]>([
  ['a branch', 'main', service],
  ['HEAD', undefined, service],
  ['a branch, of a sub-folder', 'main', { ...service, source: 'sub' }],
])('a run that goes on brings the commit of then, where %s has moved', async (_, ref, of) => {
  const { root, commit } = repository()
  const first = await find(root, ref, undefined, of)
  commit('two')
  expect((await find(root, ref, undefined, of)).release.id).not.toBe(first.release.id)
  const again = await find(root, ref, first.record, of)
  expect([again.release.id, again.release.label]).toEqual([first.release.id, ref ?? 'HEAD'])
})

test('a branch that is gone is not needed', async () => {
  const { root, git } = repository()
  git('branch', 'fix')
  const first = await find(root, 'fix')
  git('branch', '-D', 'fix')
  expect((await find(root, 'fix', first.record)).release.id).toBe(first.release.id)
})

test('a repository that does not hold the commit, and a folder that has changed, are refused', async () => {
  const elsewhere = repository()
  elsewhere.commit('elsewhere')
  const other = await find(elsewhere.root, 'main')
  const { root, commit } = repository()
  commit('three')
  const wrong = /^run run-1 was for release app [0-9a-f]{12}, here it is [0-9a-f]{12}$/
  await expect(find(root, 'main', other.record)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(wrong),
  })
  const first = await find(root, './sub')
  expect((await find(root, './sub', first.record)).release.id).toBe(first.release.id)
  rmSync(join(root, 'sub/data'))
  writeFileSync(join(root, 'sub/other'), '')
  await expect(find(root, './sub', first.record)).rejects.toThrow(wrong)
})

test('what is not committed is refused by its name, unless it is asked for or a release is named', async () => {
  const { root, commit } = repository()
  const clean = await find(root, undefined)
  writeFileSync(join(root, 'run.sh'), 'echo 2\n')
  writeFileSync(join(root, 'sub/new'), '')
  const refused = find(root, undefined)
  await expect(refused).rejects.toMatchObject({
    exitCode: 2,
    issues: ['run.sh', 'sub/new'],
    hint: expect.stringMatching(/--uncommitted$/) as unknown,
  })
  expect((await find(root, 'HEAD')).release.id).toBe(clean.release.id)
  expect((await find(root, undefined, clean.record)).release.id).toBe(clean.release.id)
  await expect(find(root, undefined, undefined, { ...service, source: 'sub' })).rejects.toMatchObject({
    issues: ['sub/new'],
  })
  const dirty = await find(root, undefined, undefined, service, true)
  expect([dirty.release.label, dirty.release.id === clean.release.id]).toEqual(['uncommitted', false])
  await expect(find(root, 'main', undefined, service, true)).rejects.toThrow('exclude each other')
  commit('two')
  expect((await find(root, undefined)).release.label).toBe('HEAD')
})

const container: ContainerService = {
  kind: 'container',
  role: 'web',
  port: 80,
  slots: { blue: 8001, green: 8002 },
  health: '/',
  proxy: { role: 'lb', names: ['a.test'] },
}
const reference = `registry.example:5000/team/app:v1@sha256:${'ab'.repeat(32)}`

test('an image in a registry is a release, by its digest', async () => {
  const { release, record } = await find('/', `image:${reference}`, undefined, container)
  expect(release).toMatchObject({
    id: 'abababababab',
    label: 'registry.example:5000/team/app:v1',
    image: reference,
  })
  expect(record.pins).toEqual({ 'release app': release.id })
})

test.each([
  ['image:registry.example/app:v1', container, /names no image by its digest/],
  [`image:-x@sha256:${'a'.repeat(64)}`, container, /names no image by its digest/],
  [`image:a b@sha256:${'a'.repeat(64)}`, container, /names no image by its digest/],
  [`image:${reference}`, service, /app does not run in containers/],
])('%s of a %o is refused', async (ref, of, message) => {
  await expect(find('/', ref, undefined, of)).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(message) as unknown,
  })
})
