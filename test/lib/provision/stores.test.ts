import { expect, test } from 'vitest'
import lab from '../../../inventory/lab.ts'
import type { ProcessService } from '../../../lib/fleet/model.ts'
import { storeResources } from '../../../lib/provision/stores.ts'
import { Secret } from '../../../lib/shell/secret.ts'

const bodies = {
  postgresListen: 'l',
  postgresHba: 'h',
  rabbitmqConfig: 'c',
  rabbitmqEnvironment: 'e',
  epmdSocket: 's',
}
const passwords = {
  'database-password': new Secret('database-password', 'hunter2'),
  'queue-password': new Secret('queue-password', 'hunter3'),
}
const database = lab.services.database
if (database?.kind !== 'processes') throw new Error('the lab has no database')
const resources = (service: ProcessService) => storeResources(service, bodies, passwords)
const all = resources(database)
const at = (id: RegExp) => all.findIndex(each => id.test(each.id))

test.each([
  ['the server before its configuration', /postgresql-15/, /pg_hba/],
  ['the role before the database that it owns', /PostgreSQL role app/, /PostgreSQL database app/],
  ["the queue's configuration before its very first start", /rabbitmq\.conf/, /package.*rabbitmq-server/],
  ['the vhost before who may use it', /RabbitMQ vhost sync/, /RabbitMQ permission/],
])('%s', (_, first, then) => {
  expect(at(first)).toBeGreaterThanOrEqual(0)
  expect(at(then)).toBeGreaterThan(at(first))
})

test('the user whose password everybody knows goes', () => {
  expect(all.some(({ id }) => /guest/.test(id))).toBe(true)
})

test('no password shows', () => {
  expect(JSON.stringify(all)).not.toMatch(/hunter/)
})

test('a service without stores needs nothing', () => {
  expect(resources({ kind: 'processes', role: 'sync' })).toEqual([])
})

test('new addresses to listen on restart PostgreSQL, new clients only reload it', () => {
  const notified = (id: RegExp) => all[at(id)]?.notify.map(handler => handler.id)
  expect(notified(/conf\.d\/fleetfile\.conf/)).toEqual(['restart postgresql'])
  expect(notified(/pg_hba/)).toEqual(['reload postgresql'])
})

test('another PostgreSQL is installed, configured and told', () => {
  const { postgres } = database
  if (postgres === undefined) throw new Error('the lab has no PostgreSQL')
  const other = resources({ ...database, postgres: { ...postgres, version: 17 } })
  const text = other.flatMap(({ id, notify }) => [id, ...notify.map(({ script }) => script)]).join('\n')
  expect(text).toMatch(
    /packages postgresql-17[^]*\/etc\/postgresql\/17\/main\/conf.d[^]*restart postgresql@17-main[^]*reload postgresql@17-main/,
  )
  expect(text).not.toMatch(/\b15\b/)
})
