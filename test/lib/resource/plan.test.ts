import { expect, test } from 'vitest'
import { checkUnique, handlerKey, planHost } from '../../../lib/resource/plan.ts'
import type { Handler, Kind, Resource } from '../../../lib/resource/resource.ts'

/** Differs when it was seen as `bad`. */
const KIND: Kind<string, string> = {
  name: 'test',
  observe: () => '',
  parse: (_, wanted) => wanted,
  diff: (_, seen) => (seen === 'bad' ? { action: 'change', detail: 'bad' } : undefined),
  act: wanted => [{ title: `fix ${wanted}`, script: 'true' }],
  afterInstall: () => ({ action: 'remove', detail: 'may have come' }),
  note: (_, seen) => (seen === 'odd' ? 'is odd' : undefined),
}
const INSTALLER: Kind<string, string> = { ...KIND, installs: true }

const handler = (id: string, script = id): Handler => ({ id, script })
const item = (id: string, notify: readonly Handler[] = [], kind = KIND): Resource => ({
  id,
  kind,
  wanted: id,
  notify,
})
const plan = (seen: readonly (readonly [Resource, string])[], pending: readonly string[] = []) =>
  planHost({
    resources: seen.map(([resource, state]) => ({ resource, seen: state })),
    pending: new Set(pending.map(id => handlerKey(handler(id)))),
  })

test('only what differs is planned, in order', () => {
  const { items, changes } = plan([
    [item('a'), 'bad'],
    [item('b'), 'good'],
    [item('c'), 'bad'],
  ])
  expect(items.map(({ steps }) => steps[0]?.title)).toEqual(['fix a', 'fix c'])
  expect(changes).toEqual([
    { resource: 'a', action: 'change', detail: 'bad' },
    { resource: 'c', action: 'change', detail: 'bad' },
  ])
})

test('handlers run once, in the order of first mention', () => {
  const { handlers } = plan([
    [item('a', [handler('h2'), handler('h1')]), 'bad'],
    [item('b', [handler('h1'), handler('h3')]), 'bad'],
    [item('c', [handler('h4')]), 'good'],
  ])
  expect(handlers.map(({ id }) => id)).toEqual(['h2', 'h1', 'h3'])
})

test('a handler that an earlier run left is planned without a change', () => {
  const { items, handlers, changes } = plan(
    [[item('a', [handler('h1'), handler('h2')]), 'good']],
    ['h2', 'unknown'],
  )
  expect(items).toEqual([])
  expect(handlers.map(({ id }) => id)).toEqual(['h2'])
  expect(changes).toEqual([{ resource: 'h2', action: 'run', detail: 'left to do by an earlier run' }])
})

test('a changed installer makes what comes after it sure, and nothing before it', () => {
  const { changes } = plan([
    [item('before'), 'good'],
    [item('installer', [], INSTALLER), 'bad'],
    [item('after'), 'good'],
  ])
  expect(changes.map(({ resource }) => resource)).toEqual(['installer', 'after'])
})

test('notes name their resource', () => {
  expect(plan([[item('a'), 'odd']]).notes).toEqual(['a: is odd'])
})

test.each([
  [[item('a'), item('a')], 'a: wanted more than once'],
  [[item('a', [handler('h', 'x')]), item('b', [handler('h', 'y')])], 'handler h: two different scripts'],
])('contradictions are refused', (resources, message) => {
  expect(() => checkUnique(resources)).toThrow(message)
})
