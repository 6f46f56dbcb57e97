import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../lib/errors.ts'
import { validateFleet } from '../../../lib/fleet/validate.ts'

const proxy = { role: 'edge', names: ['dock.test'], port: 8000, health: '/up' }
const pair = { blue: 'sd1a', green: 'sd1b', alias: 'dock-live' }
const live = { command: 'queue', live: true }
const dock = { kind: 'processes', role: 'web', proxy, pair, programs: { mail: live } }
const fleet = (change: object, more: object = {}) => ({
  name: 'docks',
  provider: 'static',
  access: { user: 'deploy' },
  roles: { edge: {}, web: {} },
  hosts: {
    edge1: { role: 'edge', address: '203.0.113.1' },
    sd1a: { role: 'web', address: '203.0.113.2' },
    sd1b: { role: 'web', address: '203.0.113.3' },
  },
  services: { dock: { ...dock, ...change } },
  secrets: [],
  ...more,
})

function problems(value: unknown): readonly string[] {
  try {
    validateFleet(value, 'docks.ts')
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
  return []
}

describe('a pair', () => {
  test('is taken as it is', () => {
    expect(
      problems(fleet({ probe: { path: '/up' }, cron: { tidy: { ...live, schedule: '0 3 * * *' } } })),
    ).toEqual([])
  })

  test.each([
    [
      { pair: { ...pair, green: 'sd1c' } },
      'services.dock.pair.green: unknown host "sd1c", did you mean "sd1a"?',
    ],
    [{ pair: { ...pair, green: 'sd1a' } }, 'services.dock.pair.green: is the same host as blue: sd1a'],
    [
      { pair: { ...pair, green: 'edge1' } },
      'services.dock.pair.green: edge1 has role "edge", the service "web"',
    ],
    [
      { pair: { ...pair, green: 'edge1' } },
      'services.dock.pair: role "web" has hosts that are not of the pair: sd1b',
    ],
    [{ proxy: undefined }, 'services.dock.pair: needs a proxy: what sends users to one of its hosts'],
    [{ pair: undefined }, 'services.dock.programs.mail.live: needs a pair: which of the hosts serves'],
    [
      { programs: { mail: { ...live, once: true } } },
      'services.dock.programs.mail.live: and once exclude each other: both choose the host that it runs on',
    ],
    [
      { rollout: { order: 'serial' } },
      'services.dock.rollout: a pair has no order: traffic goes from one host to the other',
    ],
    [
      { pair: undefined, programs: {}, probe: {} },
      'services.dock.probe: is only for a pair: other hosts leave their proxies one by one',
    ],
    [{ pair: { ...pair, alias: 'sd1a' } }, 'services.dock.pair.alias: sd1a is the name of a host'],
    [{ pair: { ...pair, alias: 'a b' } }, 'services.dock.pair.alias: is no name for a host'],
  ])('%j', (change, problem) => {
    const entries = Object.entries({ ...dock, ...change }).filter(([, value]) => value !== undefined)
    expect(problems(fleet({}, { services: { dock: Object.fromEntries(entries) } }))).toContain(problem)
  })

  test('two of them cannot have one alias', () => {
    const files = { ...dock, proxy: { ...proxy, names: ['files.test'] } }
    expect(problems(fleet({}, { services: { dock, files } }))).toEqual([
      'services.files.pair.alias: dock-live is already the alias of service "dock"',
    ])
  })
})
