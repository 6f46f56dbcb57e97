import { expect, test } from 'vitest'
import { ConnectError } from '../../../lib/errors.ts'
import { connectionIsLost, databaseError } from '../../../lib/users/postgres-errors.ts'

const withCode = (code: string | undefined) => Object.assign(new Error('it broke'), code && { code })

test.each([
  ['a shutdown', '57P01', true],
  ['a connection that PostgreSQL breaks', '08006', true],
  ['a write to a closed connection', 'EPIPE', true],
  ['a reset', 'ECONNRESET', true],
  ['an end without a word', undefined, true],
  ['a constraint', '23505', false],
  ['an error of a function', 'P0001', false],
  ['a foreign server', 'HV00A', false],
])('%s (%s): the connection is lost: %s', (_, code, isLost) => {
  const error = withCode(code)
  expect(connectionIsLost(error)).toBe(isLost)
  const told = databaseError(error, { host: 'db1', database: 'app', user: 'app' })
  expect(told instanceof ConnectError).toBe(isLost)
})
