import { expect, test } from 'vitest'
import { lackOfHosts, progressOf, suspects } from '../../../lib/swarm/progress.ts'
import { slotInSwarm } from '../../../lib/swarm/states.ts'
import { unusedSecrets } from '../../../lib/swarm/parts.ts'
import { describeSwarm, swarmStatusOf } from '../../../lib/status/swarm.ts'
import { parseView, type SwarmView } from '../../../lib/swarm/view.ts'

const labels = (run: string) => ({
  'fleetfile.service': 'web',
  'fleetfile.slot': 'blue',
  'fleetfile.release': '0123456789ab',
  'fleetfile.config': '01234567',
  'fleetfile.label': 'v2',
  'fleetfile.run': run,
})
const task = (node: string, state: string, run = 'new', more: object = {}) => ({
  ID: `task-${node}-${state}`,
  CreatedAt: '2026-11-22T10:00:00.5Z',
  Slot: 1,
  NodeID: node,
  DesiredState: 'running',
  Spec: { ContainerSpec: { Labels: labels(run) } },
  Status: { State: state, ContainerStatus: { ContainerID: 'abc' } },
  ...more,
})
const nodes = ['1', '2', '3'].map(number => ({
  ID: `n${number}`,
  Version: { Index: 7 },
  Spec: { Role: 'manager', Availability: 'active', Labels: { 'fleetfile.host': `web${number}` } },
  Status: { State: number === '3' ? 'down' : 'ready' },
  ManagerStatus: { Leader: number === '2', Reachability: 'reachable' },
}))

/** What a manager says, with blue as told and no green. */
function view(tasks: readonly object[], update = '', run = 'new', more: object = {}): SwarmView {
  const service = {
    ID: 's1',
    Version: { Index: 12 },
    Spec: { Labels: labels(run), Mode: { Replicated: { Replicas: 2 } }, Secrets: [{ SecretID: 'now' }] },
    ...(update === '' ? {} : { UpdateStatus: { State: update, Message: `it ${update}` } }),
    ...more,
  }
  const answer = (body: unknown, status = 200) => ({ status, body })
  const found = parseView([answer(nodes), answer(service), answer({ message: 'no' }, 404), answer(tasks)])
  if (found === undefined) throw new Error('not read')
  return found
}
const up = [task('n1', 'running'), task('n2', 'running')]

test.each([
  ['nothing runs yet', [], '', 'waiting'],
  ['one of two runs', up.slice(0, 1), 'updating', 'waiting'],
  ['both run, and Swarm still watches its update', up, 'updating', 'waiting'],
  ['both run', up, 'completed', 'ready'],
  ['a first start has no update', up, '', 'ready'],
  [
    'those of the release before do not count',
    [task('n1', 'running', 'old'), task('n2', 'running', 'old')],
    '',
    'waiting',
  ],
  [
    'what Swarm wants gone does not count',
    [up[0], task('n2', 'running', 'new', { DesiredState: 'shutdown' })],
    '',
    'waiting',
  ],
  ['one failure of a first start may be the last', [task('n1', 'failed')], '', 'waiting'],
  [
    'a first start that fails again and again',
    ['1', '2', '3'].map(at => task(`n${at}`, 'failed')),
    '',
    'failed',
  ],
  ['an update that Swarm gave up', up, 'paused', 'failed'],
])('%s', (_, tasks, update, state) => {
  const found = tasks.flatMap(each => each ?? [])
  expect(progressOf(view(found, update).slots.blue, 'new', 2)).toMatchObject({ state, undone: false })
})

test('an update that Swarm has put back failed, in its own words', () => {
  const { blue } = view([task('n1', 'failed')], 'rollback_started', 'old').slots
  expect(progressOf(blue, 'new', 2)).toEqual({ state: 'failed', reason: 'it rollback_started', undone: true })
  expect(progressOf(undefined, 'new', 2)).toMatchObject({ state: 'failed', undone: true })
})

test('of each host the container that ended says why, else the one that is not healthy', () => {
  const tasks = [
    task('n1', 'starting'),
    task('n1', 'failed'),
    task('n2', 'starting'),
    task('n3', 'running'),
    task('', 'pending', 'new', { NodeID: undefined, Status: { State: 'pending', Err: 'no suitable node' } }),
  ]
  const found = suspects(view(tasks).slots.blue ?? { tasks: [] }, 'new')
  expect(found.map(({ host, state, container }) => [host, state, container])).toEqual([
    ['web1', 'failed', 'web-blue.1.task-n1-failed'],
    ['web2', 'starting', 'web-blue.1.task-n2-starting'],
  ])
})

test('a slot runs where as many containers do as there are to be', () => {
  const edition = '0123456789ab-01234567'
  expect(slotInSwarm(view(up), 'blue', 2)).toEqual({ running: true, edition, run: 'new' })
  expect(slotInSwarm(view(up.slice(1)), 'blue', 2)).toMatchObject({ running: false, edition })
  const asleep = { Spec: { Labels: labels('new'), Mode: { Replicated: { Replicas: 0 } } } }
  expect(slotInSwarm(view([], '', 'new', asleep), 'blue', 2)).toMatchObject({ running: false })
  expect(slotInSwarm(view(up), 'green', 2)).toEqual({ running: false, edition: undefined, run: '-' })
})

test('a secret is old when no slot uses it or would go back to it', () => {
  const before = view(up, '', 'new', { PreviousSpec: { Labels: {}, Secrets: [{ SecretID: 'before' }] } })
  expect(unusedSecrets([{ ID: 'now' }, { ID: 'before' }, { ID: 'old' }], before)).toEqual(['old'])
})

test('an engine that is no manager has no view', () => {
  expect(parseView([{ status: 503, body: { message: 'This node is not a swarm manager.' } }])).toBeUndefined()
})

test('status says what runs where, and who is down', () => {
  const status = swarmStatusOf('web', view(up, 'completed'))
  expect(describeSwarm(status, { slot: 'blue', servers: [] })).toBe(
    'web in its swarm: blue* v2 2/2 on web1, web2; managers web1, web2 (leader), web3; web3 is down',
  )
  expect(describeSwarm({ service: 'web', slots: [], nodes: [], trouble: 'web1: off\nmore' })).toBe(
    'web in its swarm: unknown, web1: off',
  )
})

test('a host that the swarm has lost is missed only where there is no spare one', () => {
  const { nodes: all } = view([])
  const hosts = ['web1', 'web2', 'web3']
  expect(lackOfHosts(all, hosts, 2)).toBeUndefined()
  expect(lackOfHosts(all, hosts, 3)).toBe(
    "web3 is down by the swarm's word: 2 hosts are left for 3 containers",
  )
  expect(lackOfHosts(all, hosts.slice(0, 2), 2)).toBeUndefined()
  const unheard = all.map(node => ({ ...node, state: 'unknown' }))
  expect(lackOfHosts(unheard, hosts, 3)).toBeUndefined()
})
