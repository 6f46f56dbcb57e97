import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../lib/errors.ts'
import { validateFleet } from '../../../lib/fleet/validate.ts'
import lab from '../../../inventory/lab.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE3+m3bHnnMZJ9Q4vzqZVrIxE2mlTcVbTzGJ6m3Uj4mE'

const container = {
  kind: 'container',
  role: 'web',
  port: 80,
  slots: { blue: 8001, green: 8002 },
  health: '/up',
  proxy: { role: 'lb', names: ['shop.test'] },
}

/** Another service on the same hosts, behind the same role. */
const behind = (proxy: object) => ({
  ...container,
  slots: { blue: 8003, green: 8004 },
  proxy: { role: 'lb', ...proxy },
})

const work = { kind: 'processes', role: 'web' }

const valid = {
  name: 'shop',
  provider: 'static',
  access: { user: 'deploy' },
  roles: { lb: {}, web: { ports: [{ port: 80, from: ['lb'] }] } },
  hosts: {
    lb1: { role: 'lb', address: '203.0.113.1' },
    web1: { role: 'web', address: '203.0.113.2', hostKeys: [KEY] },
  },
  services: { web: container },
  secrets: ['token'],
}

function problems(change: object): readonly string[] {
  try {
    validateFleet({ ...valid, ...change }, 'shop.ts')
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
  return []
}

describe('validateFleet', () => {
  test('takes what is right as it is', () => {
    expect(validateFleet(valid, 'shop.ts')).toEqual(valid)
    expect(validateFleet(lab, 'lab.ts')).toEqual(lab)
    const rollout = {
      order: { canary: 1, rest: '25%' },
      maxFailures: '10%',
      pauseSeconds: 5,
      unreachable: 'skip',
    }
    const nginx = { role: 'lb', kind: 'nginx', names: ['shop.test'] }
    const proxied = {
      ...valid,
      services: { web: { ...container, proxy: nginx }, api: behind({ kind: 'nginx', names: ['api.test'] }) },
    }
    expect(validateFleet(proxied, 'shop.ts')).toEqual(proxied)
    const stepwise = { ...valid, services: { work: { ...work, health: 'true', healthSeconds: 5, rollout } } }
    expect(validateFleet(stepwise, 'shop.ts')).toEqual(stepwise)
  })

  test.each<[object, string]>([
    [
      { services: { web: { ...container, replicas: 1 } } },
      "services.web.replicas: is only for placement: 'swarm'",
    ],
    [
      { services: { web: { ...container, placement: 'swarm', replicas: 2 } } },
      'services.web.replicas: 2 containers need as many hosts of role "web": there are 1',
    ],
    [
      { services: { web: { ...container, placement: 'swarm', engine: 'podman' } } },
      'services.web.engine: a swarm is run by docker alone',
    ],
    [
      { services: { web: { ...container, placement: 'swarm', keep: { warmSeconds: 60 } } } },
      "services.web.keep.warmSeconds: a swarm's old slot stays until a release takes its place",
    ],
    [
      { services: { web: { ...container, placement: 'swarm', slots: { blue: 2377, green: 8002 } } } },
      "services.web.slots.blue: port 2377 is one of the swarm's own",
    ],
    [{ hosts: { web1: { role: 'wbe' } } }, 'hosts.web1.role: unknown role "wbe", did you mean "web"?'],
    [
      { hosts: { Web: { role: 'web' } } },
      'hosts.Web: must be lower case letters, digits and dashes, a letter first',
    ],
    [{ hosts: { web1: { role: 'web', port: 70_000 } } }, 'hosts.web1.port: must be at most 65535'],
    [
      { hosts: { web1: { role: 'web', adress: 'x' } } },
      'hosts.web1: unknown "adress", did you mean "address"?',
    ],
    [
      {
        hosts: {
          a: { role: 'web', address: '203.0.113.1' },
          b: { role: 'web', address: '203.0.113.1', port: 22 },
        },
      },
      'hosts.b.address: 203.0.113.1:22 is already the address of host "a"',
    ],
    [
      { services: { web: { ...container, rollout: { order: 'serial' } } } },
      'services.web.rollout: unknown "order"',
    ],
    [
      { services: { work: { ...work, rollout: { order: 'one by one' } } } },
      'services.work.rollout.order: must be "all", "serial", { batch: 2 } or { canary: 1, rest: "25%" }, with numbers of hosts from 1 or shares of them',
    ],
    [
      { services: { work: { ...work, rollout: { order: { batch: 0 } } } } },
      'services.work.rollout.order.batch: must be at least 1',
    ],
    [
      { services: { work: { ...work, rollout: { order: { canary: 1, rest: '0%' } } } } },
      'services.work.rollout.order.rest: must be a number of hosts from 1, or a share of them like "25%"',
    ],
    [
      { services: { work: { ...work, rollout: { maxFailures: '120%' } } } },
      'services.work.rollout.maxFailures: must be a number of hosts, or a share of them like "10%"',
    ],
    [
      { services: { work: { ...work, rollout: { unreachable: 'skp' } } } },
      'services.work.rollout.unreachable: must be one of fail, skip, not "skp"',
    ],
    [
      { services: { work: { ...work, healthSeconds: 0 } } },
      'services.work.healthSeconds: must be at least 1',
    ],
    [
      { hosts: { web1: { role: 'web', hostKeys: ['ssh-ed25519 AAAA'] } } },
      'hosts.web1.hostKeys.0: is no public host key: its data is not that of ssh-ed25519',
    ],
    [
      { roles: { lb: {}, web: { ports: [{ port: 80, from: ['ld'] }] } } },
      'roles.web.ports.0.from: unknown role "ld", did you mean "lb"?',
    ],
    [
      { services: { web: { ...container, slots: { blue: 8001, green: 8001 } } } },
      'services.web.slots.green: port 8001 is already taken by services.web.slots.blue',
    ],
    [
      { services: { web: container, api: behind({ kind: 'nginx', names: ['api.test'] }) } },
      'services.api.proxy.kind: nginx cannot stand on the hosts of role "lb", where service "web" has haproxy',
    ],
    [
      { services: { web: behind({ names: ['shop.test'], cache: {} }) } },
      "services.web.proxy.cache: haproxy keeps no answers: that is only for kind 'trafficserver'",
    ],
    [
      {
        services: { web: behind({ kind: 'trafficserver', names: ['shop.test'], cache: { keep: ['/a"b'] } }) },
      },
      'services.web.proxy.cache.keep.0: must be a path of letters, digits and ./:&=~%+@-',
    ],
    [
      {
        services: {
          web: behind({ kind: 'haproxy', names: ['shop.test'] }),
          files: {
            ...work,
            proxy: { role: 'lb', kind: 'nginx', names: ['files.test'], port: 80, health: '/up' },
          },
        },
      },
      'services.files.proxy.kind: nginx cannot stand on the hosts of role "lb", where service "web" has haproxy',
    ],
    [
      { services: { web: container, api: behind({ names: ['Shop.test'] }) } },
      'services.api.proxy.names: Shop.test is already a name of service "web"',
    ],
    [
      {
        services: {
          feeds: { kind: 'processes', role: 'web', programs: { tick: { command: 'tick', once: true } } },
        },
      },
      'services.feeds.programs.tick.once: is guarded by PostgreSQL: services.feeds.env lacks PGHOST, PGUSER, PGDATABASE, PGPASSWORD or PGPASSFILE',
    ],
    [
      {
        services: {
          feeds: {
            kind: 'processes',
            role: 'web',
            env: { PGHOST: 'db', PGUSER: 'u', PGDATABASE: 'd', PGPASSFILE: '/etc/pass' },
            programs: { tick: { command: 'tick', once: true, count: 2 } },
          },
        },
      },
      'services.feeds.programs.tick.count: must be 1: it runs once',
    ],
    [
      { services: { web: { ...container, health: 'up' } } },
      'services.web.health: must be a path that starts with "/"',
    ],
    [
      { services: { web: { ...container, env: { A: { secret: 'tokn' }, B: { addressOf: 'db1' } } } } },
      'services.web.env.A: unknown secret "tokn", did you mean "token"?',
    ],
    [
      { services: { web: { ...container, proxy: { role: 'lbb', names: ['x'] } } } },
      'services.web.proxy.role: unknown role "lbb", did you mean "lb"?',
    ],
    [
      { users: { kind: 'postgres', host: 'lb2', database: 'd', user: 'u', password: 'token' } },
      'users.host: unknown host "lb2", did you mean "lb1"?',
    ],
  ])('%j', (change, problem) => {
    expect(problems(change)).toContain(problem)
  })

  test('a wrong shape does not hide wrong names elsewhere', () => {
    const hosts = { web1: { role: 'wbe' }, web2: { role: 'web', port: 0 }, Lb: { role: 'lb' } }
    const users = { kind: 'postgres', host: 'web2', database: 'd', user: 'u', password: 'tokn' }
    expect(problems({ name: 'Shop', hosts, users })).toEqual([
      'name: must be lower case letters, digits and dashes, a letter first',
      'hosts.web2.port: must be at least 1',
      'hosts.Lb: must be lower case letters, digits and dashes, a letter first',
      'hosts.web1.role: unknown role "wbe", did you mean "web"?',
      'users.password: unknown secret "tokn", did you mean "token"?',
    ])
  })

  test('all problems are reported at once', () => {
    const hosts = { web1: { role: 'wbe' }, web2: { role: 'ld' } }
    expect(problems({ hosts, secrets: [] })).toHaveLength(2)
    expect(() => validateFleet({ ...valid, hosts }, 'shop.ts')).toThrow(/^shop\.ts: 2 problems\n {2}hosts/)
  })
})
