import { expect, test } from 'vitest'
import {
  HOST_LABEL,
  parseMember,
  parseNodes,
  type SwarmMember,
  type SwarmNode,
} from '../../../lib/swarm/node.ts'
import { swarmPlan, type SwarmStep } from '../../../lib/swarm/set-up-plan.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const hosts = [1, 2, 3, 4].map(number => fleetHost(`web${number}`, 'web', `10.0.0.${number}`))
const out: SwarmMember = { nodeId: '', state: 'inactive', controls: false, managers: [], error: '' }
const member = (number: number, controls = number <= 3): SwarmMember => ({
  nodeId: `id${number}`,
  state: 'active',
  controls,
  managers: ['10.0.0.1:2377'],
  error: '',
})
const node = (number: number, change: Partial<SwarmNode> = {}): SwarmNode => ({
  id: `id${number}`,
  version: 1,
  role: number <= 3 ? 'manager' : 'worker',
  availability: 'active',
  labels: { [HOST_LABEL]: `web${number}` },
  state: 'ready',
  leader: number === 1,
  reachable: number <= 3,
  name: undefined,
  ...change,
})
const said = (step: SwarmStep): string =>
  [step.host, step.do, 'role' in step ? step.role : ''].join(' ').trim()
const plan = (members: readonly (SwarmMember | undefined)[], nodes: readonly SwarmNode[], of = hosts) =>
  swarmPlan(of, {
    members: new Map(
      members.flatMap((each, index) => (each === undefined ? [] : [[`web${index + 1}`, each] as const])),
    ),
    nodes,
  }).map(said)
const whole = [1, 2, 3, 4].map(number => member(number))
const nodes = [1, 2, 3, 4].map(number => node(number))

test('bare hosts: it starts on the first, two more manage it, the rest work', () => {
  expect(plan([out, out, out, out], [])).toEqual([
    'web1 init',
    'web1 name',
    'web2 join manager',
    'web3 join manager',
    'web4 join worker',
  ])
})

test('two hosts have one manager: two would survive the loss of neither', () => {
  expect(plan([out, out], [], hosts.slice(0, 2))).toEqual(['web1 init', 'web1 name', 'web2 join worker'])
})

test('a swarm as it is to be is left alone', () => {
  expect(plan(whole, nodes)).toEqual([])
})

test('a host that is away stays what it is, and another manager acts', () => {
  expect(plan([undefined, ...whole.slice(1)], [node(1, { state: 'down' }), ...nodes.slice(1)])).toEqual([])
})

test('managers are made before others stop being one', () => {
  const [a, , c, d] = nodes
  const swapped = [a, node(2, { role: 'worker' }), c, d && { ...d, role: 'manager' as const }]
  expect(
    plan(
      whole,
      swapped.flatMap(each => each ?? []),
    ),
  ).toEqual(['web2 role manager', 'web4 role worker'])
})

test('the nodes of hosts that the fleet has no more leave; nodes of another hand stay', () => {
  const more = [node(9, { role: 'manager' }), node(8, { labels: {} })]
  expect(plan(whole, [...nodes, ...more])).toEqual(['web9 remove'])
})

test('a machine made anew joins, and its old node leaves', () => {
  const old = node(4, { id: 'before', state: 'down' })
  expect(plan([...whole.slice(0, 3), out], [...nodes.slice(0, 3), old])).toEqual([
    'web4 join worker',
    'web4 remove',
  ])
})

test('a host that was struck off while it was away leaves the old swarm and joins again', () => {
  const steps = swarmPlan(hosts.slice(0, 3), {
    members: new Map([
      ['web1', member(1)],
      ['web2', member(2)],
      ['web3', { ...member(7, false), managers: ['10.0.0.2:2377'] }],
    ]),
    nodes: nodes.slice(0, 2),
  })
  expect(steps).toEqual([{ do: 'join', host: 'web3', role: 'manager', leave: true }])
})

test('a host that was struck off while it was up, and knows it, joins again', () => {
  const error = 'manager stopped: Permission denied: node q7 was removed from swarm'
  const struckOff = { ...member(7, false), state: 'error' as const, managers: [], error }
  const members = new Map([
    ['web1', member(1)],
    ['web2', member(2)],
    ['web3', struckOff],
  ])
  const steps = swarmPlan(hosts.slice(0, 3), { members, nodes: nodes.slice(0, 2) })
  expect(steps).toEqual([{ do: 'join', host: 'web3', role: 'manager', leave: true }])
})

test.each([
  ['another swarm', [{ ...member(7), managers: ['192.0.2.9:2377'] }], /web1: it is in another swarm already/],
  [
    'a locked one',
    [{ ...member(1), state: 'locked' as const, controls: false }],
    /web1: its part .* is locked/,
  ],
  ['no majority', [member(1, false), member(2, false)], /web1: the swarm has no leader/],
])('a hand must decide: %s', (_, members, message) => {
  expect(() => plan([...members, out], [])).toThrow(message)
})

test('what engines say of themselves is read', () => {
  const Swarm = {
    NodeID: 'q7',
    LocalNodeState: 'active',
    ControlAvailable: true,
    RemoteManagers: [{ NodeID: 'q7', Addr: '10.0.0.1:2377' }],
  }
  expect(parseMember({ Swarm })).toEqual({ ...member(1), nodeId: 'q7' })
  expect(parseMember({ Swarm: { LocalNodeState: 'inactive', RemoteManagers: null } })).toEqual(out)
  expect(parseMember({ message: 'no' })).toBeUndefined()
  expect(
    parseNodes([
      {
        ID: 'id1',
        Version: { Index: 1 },
        Spec: { Role: 'manager', Availability: 'active', Labels: { [HOST_LABEL]: 'web1' } },
        Status: { State: 'ready', Addr: '10.0.0.1' },
        ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: '10.0.0.1:2377' },
      },
    ]),
  ).toEqual([node(1)])
})
