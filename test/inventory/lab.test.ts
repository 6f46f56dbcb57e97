import { expect, test } from 'vitest'
import lab from '../../inventory/lab.ts'
import { validateFleet } from '../../lib/fleet/validate.ts'

test('the default fleet is right, and as the design names it', () => {
  const fleet = validateFleet(lab, 'inventory/lab.ts')
  expect(Object.keys(fleet.hosts)).toEqual(['lb1', 'web1', 'web2', 'sync1', 'sync2', 'sync3', 'db1'])
  expect(Object.keys(fleet.services)).toEqual(['database', 'sync', 'web'])
})

test('what must run exactly once runs on a role with one host', () => {
  expect(lab.services.database).toMatchObject({ programs: { scheduler: {} }, cron: { stats: {} } })
  expect(Object.values(lab.hosts).filter(host => host.role === lab.services.database?.role)).toHaveLength(1)
})

test('no store listens to the world', () => {
  const world = Object.values(lab.roles).flatMap(({ ports = [] }) =>
    ports.filter(({ from }) => from === 'anywhere'),
  )
  expect(world.map(({ port }) => port)).toEqual([80, 443])
})
