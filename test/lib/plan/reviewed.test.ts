import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HostsFailedError, MovedError } from '../../../lib/errors.ts'
import { planOneHost } from '../../../lib/plan/host-plan.ts'
import { Reviewed } from '../../../lib/plan/reviewed.ts'
import { applyResources } from '../../../lib/resource/apply.ts'
import { file } from '../../../lib/resource/kinds/file.ts'
import type { Resource } from '../../../lib/resource/resource.ts'
import { fleetHost } from '../../support/fleet-host.ts'
import { RunHost } from '../../support/run-folders.ts'
import { script } from '../../support/script-resource.ts'

const { username } = userInfo()

/** A host with three files, of which one is as wanted, one is another and one is missing; its plan was reviewed. */
async function reviewed(more: readonly Resource[] = []) {
  const machine = new RunHost('web1')
  const { transport } = machine
  const rewrite = (text: string) =>
    text
      .replaceAll('/var/lib/fleetfile', machine.root)
      .replaceAll('/run/fleetfile', join(machine.root, 'run'))
  transport.rewrite = rewrite
  const path = (name: string) => join(machine.root, name)
  const wanted = ['same', 'other', 'missing'].map(name =>
    file({ path: path(name), content: `${name}\n`, mode: 0o644, owner: username, group: username }),
  )
  writeFileSync(path('same'), 'same\n', { mode: 0o644 })
  writeFileSync(path('other'), 'old\n', { mode: 0o644 })
  const all = [...wanted, ...more]
  const { signal } = new AbortController()
  const planned = await planOneHost(transport, all, { signal, timeout: 60_000 })
  const review = new Reviewed(
    {
      hosts: new Map([['web1', planned]]),
      releases: new Map(),
      wanted: { of: () => all, provisioned: () => new Set() },
    },
    [fleetHost('web1', 'web', '192.0.2.1')],
  )
  const apply = async (resources: readonly Resource[] = all) =>
    applyResources(transport, resources, {
      mode: 'apply',
      root: true,
      runId: 'r',
      owner: 'o',
      emit: () => undefined,
      review,
    })
  const write = (name: string, text: string) => writeFileSync(path(name), text)
  const read = (name: string) => readFileSync(path(name), 'utf8')
  return { machine, rewrite, transport, path, wanted, review, apply, write, read }
}

test('what was reviewed is done, in parts as well, and a second time nothing', async () => {
  const { apply, wanted, read } = await reviewed()
  await apply(wanted.slice(0, 2))
  expect((await apply()).changes).toHaveLength(1)
  expect((await apply()).changes).toEqual([])
  expect(read('other') + read('missing')).toBe('other\nmissing\n')
})

test.each([
  ['a file that is to be replaced', 'other', 'older\n', 'changed: file ROOT/other has another content now'],
  ['a file that was as wanted', 'same', 'moved\n', 'new: file ROOT/same change content'],
  [
    'a file that was missing',
    'missing',
    'x\n',
    'changed: file ROOT/missing create 8 bytes, now change content',
  ],
  ['what somebody has done by hand', 'missing', 'missing\n', 'gone: file ROOT/missing create 8 bytes'],
])('refused when it moves after the comparison: %s', async (_, name, text, difference) => {
  const { apply, machine, write, read } = await reviewed()
  write(name, text)
  const error: unknown = await apply().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MovedError)
  expect(error).toMatchObject({
    exitCode: 2,
    host: 'web1',
    issues: [difference.replace('ROOT', machine.root)],
    hint: expect.stringContaining('fleet plan --out'),
  })
  expect(read('other')).toBe(name === 'other' ? text : 'old\n')
})

test('refused when another run acts between the look and the lock', async () => {
  const { apply, transport, rewrite, write, read, machine } = await reviewed()
  transport.rewrite = text => {
    // The launching program: by the time it has the lock, somebody has acted.
    if (text.includes('flock -n -E 75 9')) {
      write('generation', '2\n')
      write('same', 'moved\n')
    }
    return rewrite(text)
  }
  await expect(apply()).rejects.toThrow(`new: file ${machine.root}/same change content`)
  expect([read('same'), read('other')]).toEqual(['moved\n', 'old\n'])
})

test('what a container brings of its own, of which the plan has one line, is no difference', async () => {
  const { apply, wanted } = await reviewed()
  const { applied } = await apply([...wanted, script('slot web blue', ':')])
  expect(applied).toContain('slot web blue')
})

test('a host that the plan does not know is left alone', async () => {
  const { wanted, transport } = await reviewed()
  const other = new Reviewed(
    { hosts: new Map(), releases: new Map(), wanted: { of: () => [], provisioned: () => new Set() } },
    [],
  )
  const options = { mode: 'apply', root: true, runId: 'r', owner: 'o', emit: () => undefined } as const
  await expect(applyResources(transport, wanted, { ...options, review: other })).rejects.toThrow(
    'the plan does not know this host',
  )
})

const container = { resource: 'container web', action: 'change', detail: 'v1 -> v2 (a)' } as const

test.each([
  ['as reviewed', container, undefined],
  ['flipped meanwhile', { ...container, detail: 'v3 -> v2 (a)' }, /changed: container web change v1 -> v2/],
  ['done meanwhile', undefined, /gone: container web change v1 -> v2 \(a\)/],
])('what serves: %s', (_, now, message) => {
  const plan = { items: [], handlers: [], changes: [], notes: [] }
  const review = new Reviewed(
    {
      hosts: new Map([['web1', { changes: [container], notes: [], hash: '', plan }]]),
      releases: new Map(),
      wanted: { of: () => [], provisioned: () => new Set() },
    },
    [fleetHost('web1', 'web', '192.0.2.1')],
  )
  const act = () => review.serves('web', now)
  if (message === undefined) expect(act).not.toThrow()
  else expect(act).toThrow(message)
})

test('hosts that have moved end a run with 2, with any other failure among them 4', () => {
  const failure = (error: Error) => ({ host: 'web1', error })
  expect(new HostsFailedError([failure(new MovedError('x'))], 2).exitCode).toBe(2)
  expect(new HostsFailedError([failure(new MovedError('x')), failure(new Error('y'))], 2).exitCode).toBe(4)
})

test('what a flip takes with it may look otherwise than the plan did', async () => {
  const { apply, review, wanted, write, read } = await reviewed()
  review.follows(wanted.slice(0, 1))
  write('same', 'moved\n')
  await apply()
  expect([read('same'), read('other')]).toEqual(['same\n', 'other\n'])
})
