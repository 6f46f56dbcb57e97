import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { once } from '../../../lib/rollout/once.ts'
import { converge } from '../../support/converge.ts'
import { folder } from '../../support/folder.ts'

test('runs once, however often it is applied, and again only when it has failed', () => {
  const root = folder()
  const apply = (script: string, id = 'db-migrate-1') =>
    converge(once({ id, title: 'migrate db', script }), text => text.replaceAll('/var/lib/fleetfile', root))
  const ran = () => readFileSync(join(root, 'log'), 'utf8')
  expect(() => apply(`echo x >>${root}/log; false`)).toThrow('exit code 1')
  expect(apply(`echo x >>${root}/log`)).toEqual({ action: 'run', detail: 'migrate db' })
  expect(apply(`echo x >>${root}/log`)).toBeUndefined()
  expect(ran()).toBe('x\nx\n')
  expect(apply(`echo y >>${root}/log`, 'db-migrate-2')).toBeDefined()
  expect(ran()).toBe('x\nx\ny\n')
  expect(existsSync(join(root, 'once/db-migrate-2'))).toBe(true)
})
