import { expect, test } from 'vitest'
import { z } from 'zod'
import lab from '../../inventory/lab.ts'
import { defineFleet, defineTask, sh, Secret, type Fleet } from '../../lib/index.ts'

const access = { user: 'deploy' }

// Each of these must not compile: tsc holds it, vitest only shows that the file is read.
export const unknownRole = defineFleet({
  name: 'shop',
  access,
  roles: { web: {} },
  // @ts-expect-error: there is no role "wbe"
  hosts: { web1: { role: 'wbe' } },
  services: {},
})

export const unknownSource = defineFleet({
  name: 'shop',
  access,
  // @ts-expect-error: there is no role "ld" to let in
  roles: { web: { ports: [{ port: 80, from: ['ld'] }] } },
  hosts: { web1: { role: 'web' } },
  services: {},
})

export const unknownHost = defineFleet({
  name: 'shop',
  access,
  roles: { web: {} },
  hosts: { web1: { role: 'web' } },
  // @ts-expect-error: there is no host "db1"
  services: { app: { kind: 'processes', role: 'web', env: { HOST: { addressOf: 'db1' } } } },
})

export const unknownSecret = defineFleet({
  name: 'shop',
  access,
  secrets: ['token'],
  roles: { web: {} },
  hosts: { web1: { role: 'web' } },
  // @ts-expect-error: there is no secret "tokn"
  services: { app: { kind: 'processes', role: 'web', env: { TOKEN: { secret: 'tokn' } } } },
})

export const orderOfContainers = defineFleet({
  name: 'shop',
  access,
  roles: { lb: {}, web: {} },
  hosts: { web1: { role: 'web' } },
  services: {
    app: {
      kind: 'container',
      role: 'web',
      port: 80,
      slots: { blue: 1, green: 2 },
      health: '/up',
      proxy: { role: 'lb', names: ['shop.test'] },
      // @ts-expect-error: all hosts of a container service are swapped at once
      rollout: { order: 'serial' },
    },
  },
})

export const unknownPair = defineFleet({
  name: 'shop',
  access,
  roles: { lb: {}, web: {} },
  hosts: { web1: { role: 'web' } },
  services: {
    app: {
      kind: 'processes',
      role: 'web',
      proxy: { role: 'lb', names: ['shop.test'], port: 80, health: '/up' },
      // @ts-expect-error: there is no host "web2"
      pair: { blue: 'web1', green: 'web2' },
    },
  },
})

export const unknownOrder = defineFleet({
  name: 'shop',
  access,
  roles: { web: {} },
  hosts: { web1: { role: 'web' } },
  // @ts-expect-error: a share of hosts is in percent
  services: { app: { kind: 'processes', role: 'web', rollout: { order: { batch: '1/4' } } } },
})

export const unknownParam = defineTask({
  name: 'x',
  summary: 'X',
  params: z.strictObject({ count: z.number() }),
  hosts: 'none',
  // @ts-expect-error: there is no parameter "cuont"
  run: async (_, { cuont }) => ({ data: cuont }),
})

export const unknownArgument = defineTask({
  name: 'x',
  summary: 'X',
  params: z.strictObject({ count: z.number() }),
  // @ts-expect-error: there is no parameter "cuont"
  args: ['cuont'],
  hosts: 'none',
  run: async () => {},
})

// @ts-expect-error: a secret never goes into a command
export const leak = () => sh`echo ${new Secret('token', 'x')}`

test('what compiles works', () => {
  expect(unknownParam.name).toBe('x')
})

// What holds for made-up fleets holds for the one that everybody copies from.
export const unknownLabRole: Fleet<keyof typeof lab.roles> = {
  ...lab,
  // @ts-expect-error: the lab has no role "wbe"
  hosts: { ...lab.hosts, web3: { role: 'wbe' } },
}
