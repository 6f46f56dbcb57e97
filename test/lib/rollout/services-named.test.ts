import { describe, expect, test } from 'vitest'
import lab from '../../../inventory/lab.ts'
import { isChosen, requireChosen } from '../../../lib/rollout/chosen.ts'
import { containerNamed, servicesNamed } from '../../../lib/rollout/services-named.ts'
import { fleetHost } from '../../support/fleet-host.ts'

test.each([
  ['all', ['database', 'sync', 'web']],
  ['sync', ['sync']],
])('%s, in the order of deploys', (name, expected) => {
  expect(servicesNamed(lab, name).map(([service]) => service)).toEqual(expected)
})

test('wrong names', () => {
  expect(() => servicesNamed(lab, 'snyc')).toThrow(
    expect.objectContaining({ message: 'unknown service "snyc", did you mean "sync"?', exitCode: 2 }),
  )
  expect(() => containerNamed(lab, 'wbe')).toThrow('unknown service "wbe", did you mean "web"?')
  expect(() => containerNamed(lab, 'database')).toThrow(
    expect.objectContaining({
      message: 'database has no slots: it runs as processes',
      hint: 'services with slots: web',
    }),
  )
  expect(containerNamed(lab, 'web').kind).toBe('container')
})

describe('what --on leaves', () => {
  const allHosts = [
    fleetHost('web1', 'web', '10.0.0.1'),
    fleetHost('web2', 'web', '10.0.0.2'),
    fleetHost('sync1', 'sync', '10.0.0.3'),
  ]
  const on = (...names: readonly string[]) => ({
    allHosts,
    hosts: allHosts.filter(({ name }) => names.includes(name)),
  })
  const web = { kind: 'container', role: 'web' } as const
  const sync = { kind: 'processes', role: 'sync' } as const

  test.each([
    [on('web1', 'web2'), web, true],
    [on('sync1'), web, false],
    [on('sync1'), sync, true],
    [on('web1'), sync, false],
  ])('case %#', (ctx, service, chosen) => {
    expect(isChosen(ctx, 'it', service)).toBe(chosen)
    if (!chosen) expect(() => requireChosen(ctx, 'it', service)).toThrow('--on leaves no host of it')
  })

  test('half of a service with slots is refused, not swapped everywhere', () => {
    expect(() => isChosen(on('web1', 'sync1'), 'web', web)).toThrow(
      expect.objectContaining({
        message: '--on leaves out hosts of web, which is swapped on all at once: web1, web2',
        exitCode: 2,
      }),
    )
  })
})
