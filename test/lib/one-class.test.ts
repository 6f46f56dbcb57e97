import { expect, test, vi } from 'vitest'
import * as errors from '../../lib/errors.ts'
import * as secrets from '../../lib/shell/secret.ts'
import * as shell from '../../lib/shell/sh.ts'

vi.resetModules()
const other = {
  errors: await import('../../lib/errors.ts'),
  secrets: await import('../../lib/shell/secret.ts'),
  shell: await import('../../lib/shell/sh.ts'),
}

test('errors of another copy are what they are', () => {
  const moved = new other.errors.MovedError('x', { host: 'web1', hint: 'so' })
  expect(moved.constructor).not.toBe(errors.MovedError)
  expect(moved).toBeInstanceOf(errors.MovedError)
  expect(moved).toBeInstanceOf(errors.ConfigError)
  expect(moved).toBeInstanceOf(errors.FleetError)
  expect(moved).not.toBeInstanceOf(errors.UsageError)
  const failed = new errors.HostsFailedError(
    [{ host: 'web1', error: new other.errors.HostKeyError('key') }],
    2,
  )
  expect(failed.exitCode).toBe(5)
})

test('nothing else is one of ours', () => {
  class ConfigError extends Error {}
  for (const value of [
    new Error('x'),
    new ConfigError('x'),
    { name: 'ConfigError' },
    undefined,
    'ConfigError',
  ]) {
    expect(value instanceof errors.FleetError).toBe(false)
    expect(value instanceof errors.ConfigError).toBe(false)
  }
  expect(new errors.ConfigError('x') instanceof errors.MovedError).toBe(false)
})

test('a secret of another copy is revealed where its bytes leave, and a command is put in as it is', () => {
  const secret = new other.secrets.Secret('db', 'hunter2')
  expect(secrets.revealed(secret)).toBe('hunter2')
  expect(String(secrets.secretText`password=${secret}`)).toBe('password=[secret db]')
  expect(shell.sh`nice ${other.shell.sh`echo ${'a b'}`}`.text).toBe("nice echo 'a b'")
})
