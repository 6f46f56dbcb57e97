import { expect, test } from 'vitest'
import { AbortedError } from '../../../lib/errors.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { file } from '../../../lib/resource/kinds/file.ts'
import { applyInPhases } from '../../../lib/task/apply-phases.ts'
import { barrier, phasesOf, type Wanted } from '../../../lib/task/barrier.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const one = (name: string) => file({ path: `/${name}`, content: '' })
const hosts = ['db1', 'web1', 'web2'].map(name => fleetHost(name, 'web', '192.0.2.1'))
const up = barrier('stores are up')

/** `store` on db1, `app` on the others once it is up; everything that was done, in order. */
function work(broken = '') {
  const done: string[] = []
  const events: FleetEvent[] = []
  const controller = new AbortController()
  const listOf = ({ name }: { name: string }): readonly Wanted[] =>
    name === 'db1' ? [one('store'), up] : [one('base'), up, one('app')]
  const run = applyInPhases(
    hosts,
    listOf,
    async ({ name }, resources) => {
      // The store takes longest: without a barrier, the app would be there before it.
      const turns = name === 'db1' ? 20 : 0
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      if (name === broken) throw new Error('it broke')
      done.push(...resources.map(({ id }) => `${name} ${id}`))
      return resources.map(({ id }) => id)
    },
    { concurrency: 3, signal: controller.signal, emit: event => void events.push(event) },
  )
  return { run, done, events, controller }
}

test('no host goes on before all are at the barrier', async () => {
  const { run, done, events } = work()
  const report = await run
  expect(done).toEqual([
    'web1 file /base',
    'web2 file /base',
    'db1 file /store',
    'web1 file /app',
    'web2 file /app',
  ])
  expect(events).toEqual([{ type: 'phase', title: 'all hosts: stores are up' }])
  expect(report.total).toBe(5)
  expect(report.changed.get('web1')).toEqual(['file /base', 'file /app'])
})

test.each(['db1', 'web1'])('when %s fails before the barrier, nobody passes it', async broken => {
  const { run, done } = work(broken)
  await expect(run).rejects.toThrow(`${broken}: it broke`)
  expect(done.filter(each => each.endsWith('/app'))).toEqual([])
  expect(done).toHaveLength(2)
})

test('after Ctrl-C nobody passes it either', async () => {
  const { run, done, controller } = work()
  controller.abort(new AbortedError('stopped by SIGINT'))
  await expect(run).rejects.toThrow('stopped by SIGINT')
  expect(done.filter(each => each.endsWith('/app'))).toEqual([])
})

test('without a barrier there is one phase, even for a host without resources', () => {
  const phases = phasesOf(new Map([['a', []]]))
  expect(phases).toEqual([{ after: undefined, resources: new Map([['a', []]]) }])
})

test.each<[string, readonly Wanted[], string]>([
  ['none', [one('x')], '  a: "stores are up"\n  b: none'],
  ['another', [barrier('other')], '  a: "stores are up"\n  b: "other"'],
  ['one more', [up, barrier('x')], '  a: "stores are up"\n  b: "stores are up", "x"'],
])('a host with %s is refused', (_, list, issues) => {
  const lists = new Map<string, readonly Wanted[]>([
    ['a', [up]],
    ['b', list],
  ])
  expect(() => phasesOf(lists)).toThrow(`the hosts must have the same barriers in the same order\n${issues}`)
})
