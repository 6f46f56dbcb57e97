import { expect, test } from 'vitest'
import { fleet } from '../support/shop.ts'

test.each<[string, string]>([
  ['', 'is empty'],
  [' ', 'is empty'],
  [',', 'an empty name in ","'],
  ['web1,', 'an empty name in "web1,"'],
])('--on %j does not mean every host', async (on, message) => {
  expect(await fleet(['deploy', `--on=${on}`])).toMatchObject({
    stderr:
      `error: --on: ${message}\n` +
      'hint: a host, a role, a glob like "web*" or !host; leave --on out for all hosts\n',
    stdout: '',
    exitCode: 2,
    reached: [],
  })
})
