import { describe, expect, test } from 'vitest'
import { defineFleet } from '../../../lib/fleet/define.ts'
import { selectHosts } from '../../../lib/fleet/select.ts'

const fleet = defineFleet({
  name: 'shop',
  access: { user: 'deploy' },
  roles: { lb: {}, web: {}, db: {}, spare: {} },
  hosts: {
    lb1: { role: 'lb' },
    web1: { role: 'web' },
    web2: { role: 'web' },
    web10: { role: 'web' },
    db: { role: 'db' },
  },
  services: {},
})

describe('selectHosts', () => {
  test.each<[string | string[], string[], string[]]>([
    ['all', [], ['lb1', 'web1', 'web2', 'web10', 'db']],
    ['web', [], ['web1', 'web2', 'web10']],
    [['web', 'lb'], [], ['lb1', 'web1', 'web2', 'web10']],
    ['none', [], []],
    ['all', ['web'], ['web1', 'web2', 'web10']],
    ['all', ['web2', 'lb1'], ['lb1', 'web2']],
    ['all', ['web?'], ['web1', 'web2']],
    ['all', ['web*', '!web2'], ['web1', 'web10']],
    ['all', ['!web'], ['lb1', 'db']],
    ['all', ['!web*', '!db'], ['lb1']],
    ['all', ['web{1,10}'], ['web1', 'web10']],
    ['web', ['web1', 'db'], ['web1']],
    ['all', ['all', '!lb1'], ['web1', 'web2', 'web10', 'db']],
    ['db', [], ['db']],
    [['web', 'unheard-of'], [], ['web1', 'web2', 'web10']],
  ])('%j narrowed by %j', (base, on, expected) => {
    expect(selectHosts(fleet, base, on)).toEqual(expected)
  })

  test.each<[string, string[], string]>([
    ['all', ['wbe1'], '--on: unknown host or role "wbe1", did you mean "web1"?'],
    ['all', ['!wbe'], '--on: unknown host or role "wbe", did you mean "web"?'],
    ['all', ['app*'], `--on app*: no host's name is like that`],
    ['web', ['db'], '--on db leaves no host'],
    ['all', ['web', '!web'], '--on web,!web leaves no host'],
    ['all', ['spare'], '--on spare leaves no host'],
    ['spare', [], 'fleet "shop" has no host for this: spare'],
    ['none', ['web1'], '--on: this command works on no hosts'],
    ['all', ['constructor'], '--on: unknown host or role "constructor"'],
  ])('%j narrowed by %j is refused', (base, on, message) => {
    expect(() => selectHosts(fleet, base, on)).toThrow(message)
  })
})
