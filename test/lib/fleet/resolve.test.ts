import { expect, test } from 'vitest'
import { validateFleet } from '../../../lib/fleet/validate.ts'
import { resolveHosts, type LocalAccess } from '../../../lib/fleet/resolve.ts'
import type { Host } from '../../../lib/fleet/model.ts'
import type { Machine } from '../../../lib/providers/provider.ts'
import { makeKey } from '../../support/ssh-server.ts'

const [pinned, made, known] = [makeKey().public, makeKey().public, makeKey().public]
const local: LocalAccess = {
  knownKeys: (address, port) => ({
    keys: `${address}:${port}` === '203.0.113.1:22' ? [known] : [],
    revoked: [],
    authorities: [],
    places: {},
  }),
}
const machine: Machine = {
  name: 'web1',
  role: 'web',
  address: '198.51.100.7',
  state: 'running',
  firstUser: 'debian',
  hostKeys: [made],
}

const resolve = (
  host: Partial<Host>,
  machines: readonly Machine[] = [],
  { provider = 'static', access = local }: { provider?: string; access?: LocalAccess } = {},
) =>
  resolveHosts(
    validateFleet(
      {
        name: 'shop',
        provider,
        access: { user: 'ops' },
        roles: { web: {} },
        hosts: { web1: { role: 'web', ...host } },
        services: {},
        secrets: [],
      },
      'shop.ts',
    ),
    machines,
    access,
  )[0]

test.each<[string, Partial<Host>, readonly Machine[], object]>([
  [
    'port 22 and root first',
    { address: '203.0.113.9' },
    [],
    { firstUser: 'root', target: { port: 22, user: 'ops' } },
  ],
  ['keys of known_hosts', { address: '203.0.113.1' }, [], { target: { hostKeys: [known] } }],
  ['not those of another port', { address: '203.0.113.1', port: 2222 }, [], { target: { hostKeys: [] } }],
  [
    'pinned keys instead',
    { address: '203.0.113.1', hostKeys: [pinned] },
    [],
    { target: { hostKeys: [pinned] } },
  ],
  [
    "the machine's",
    {},
    [machine],
    { address: '198.51.100.7', firstUser: 'debian', target: { hostKeys: [made] } },
  ],
  [
    'the file before the machine',
    { address: '203.0.113.9', firstUser: 'admin' },
    [machine],
    {
      address: '203.0.113.9',
      firstUser: 'admin',
    },
  ],
])('%s', (_, host, machines, expected) => {
  expect(resolve(host, machines)).toMatchObject(expected)
})

test("the operator's key and agent are those of every host", () => {
  const access = { ...local, identityFile: '/home/ann/.ssh/id', agent: '/run/agent' }
  expect(resolve({ address: '203.0.113.9' }, [], { access })?.target).toMatchObject({
    identityFile: '/home/ann/.ssh/id',
    agent: '/run/agent',
  })
  expect(resolve({ address: '203.0.113.9' })?.target).not.toHaveProperty('identityFile')
})

test.each([
  ['static', 'web1: has no address', 'give hosts.web1.address in the fleet file'],
  ['lab', 'the lab has no machine for web1', 'fleet lab up'],
])('a host without an address in a %s fleet', (provider, message, hint) => {
  expect(() => resolve({}, [], { provider })).toThrow(expect.objectContaining({ message, hint, exitCode: 2 }))
})
