import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { containerNamed, slottedNamed } from '../../../lib/rollout/services-named.ts'
import lab from '../../../inventory/lab.ts'
import { pairEdition } from '../../../lib/pair/edition.ts'
import { hostSlots } from '../../../lib/pair/host-slots.ts'
import { dockerEngine } from '../../../lib/container/engine.ts'
import { bodies } from '../../../templates/index.ts'
import { dock, fakePair } from './fake-pair.ts'

const release = { id: '0123456789ab', label: 'v1', archive: () => Readable.from(['files']) }

test('a release cannot go to an idle host that does not answer', async () => {
  const { swap } = fakePair({ silent: ['sd1b'] })
  await expect(hostSlots(swap).fetch(release, 'green', dockerEngine())).rejects.toMatchObject({
    exitCode: 5,
    message:
      'sd1b: does not answer or is in quarantine, and is the idle host of dock: nothing has changed for users',
    hint: 'fleet status',
  })
})

test('it goes to one host alone, and what is live waits there behind its guard', async () => {
  const { swap, said } = fakePair()
  const target = { ...swap.target, outfit: { bodies, stores: () => [] } }
  const slots = hostSlots({ ...swap, target })
  const fetched = await slots.fetch(release, 'green', dockerEngine())
  const { env, ...decided } = slots.edition(release, {}, 30)
  const manifest = {
    service: 'dock',
    release: release.id,
    label: release.label,
    ...decided,
    stopSeconds: 30,
    created: '2026-11-22T00:00:00.000Z',
    image: fetched.digest('sd1b'),
  }
  expect(await fetched.place(new Map([['sd1b', manifest]]), env)).toBe(false)
  expect(new Set(said.map(line => line.split(' ')[0]))).toEqual(new Set(['sd1b']))
  const applied = said.join('\n')
  expect(applied).toContain(
    'command=/usr/local/lib/fleetfile/run-live dock keep /usr/local/lib/fleetfile/run-service dock queue',
  )
  expect(applied).toContain('command=/usr/local/lib/fleetfile/run-service dock serve')
})

test('whatever decides how it runs makes another edition', () => {
  const of = (more: Partial<typeof dock>, env: Readonly<Record<string, string>> = {}) =>
    pairEdition({ ...dock, ...more }, release.id, env, 30).edition
  const all = [
    of({}),
    of({}, { A: '1' }),
    of({ programs: {} }),
    of({ packages: ['git'] }),
    of({ directories: ['/x'] }),
  ]
  expect(of({})).toBe(all[0])
  expect(new Set(all).size).toBe(all.length)
})

test('a pair has slots, but nothing to finish', () => {
  const fleet = { ...lab, services: { dock } }
  expect(slottedNamed(fleet, 'dock')).toBe(dock)
  expect(() => containerNamed(fleet, 'dock')).toThrow(
    expect.objectContaining({
      message: 'dock runs on a pair: the host that lost its traffic stays as it is, for a rollback',
      exitCode: 2,
    }),
  )
})
