import { expect, test } from 'vitest'
import * as rabbitmq from '../../../../lib/resource/kinds/rabbitmq.ts'
import { Secret } from '../../../../lib/shell/secret.ts'
import { judge } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

/* Made by RabbitMQ 3.10.8 for the user "sync" with the password of this test. */
const OUTPUT = JSON.stringify({
  vhosts: [{ name: '/' }, { name: 'app' }],
  users: [
    { name: 'sync', password_hash: 'owillQtj/FWwI9Ay3OO+efqqJCD4qPnd8J/v0HouN/ZNbtb2', tags: ['monitoring'] },
    { name: 'guest', password_hash: 'x', tags: 'administrator' },
  ],
  permissions: [{ user: 'sync', vhost: 'app', configure: '.*', write: '.*', read: '^jobs' }],
})
const user = (password: string, tags: readonly 'monitoring'[] = ['monitoring']) =>
  rabbitmq.rabbitmqUser({ name: 'sync', password: new Secret('mq', password), tags })

test.each([
  ['vhost there', rabbitmq.rabbitmqVhost('app'), OUTPUT, undefined],
  ['vhost missing', rabbitmq.rabbitmqVhost('other'), OUTPUT, 'vhost'],
  ['no broker', rabbitmq.rabbitmqVhost('/'), '', 'vhost'],
  ['broker down', rabbitmq.rabbitmqVhost('/'), 'down\n', 'vhost'],
  ['user as wanted', user('hunter2 "x'), OUTPUT, undefined],
  ['other password', user('hunter3'), OUTPUT, 'another password'],
  ['other tags', user('hunter2 "x', []), OUTPUT, 'tags monitoring -> none'],
  ['user missing', user('x'), '{}', 'tags monitoring'],
  ['guest there', rabbitmq.rabbitmqAbsentUser('guest'), OUTPUT, 'user'],
  ['guest gone', rabbitmq.rabbitmqAbsentUser('guest'), '{}', undefined],
  [
    'rights there',
    rabbitmq.rabbitmqPermission({ user: 'sync', vhost: 'app', read: '^jobs' }),
    OUTPUT,
    undefined,
  ],
  [
    'rights differ',
    rabbitmq.rabbitmqPermission({ user: 'sync', vhost: 'app' }),
    OUTPUT,
    '.* .* ^jobs -> .* .* .*',
  ],
])('%s', (_, resource, output, detail) => {
  expect(judge(resource, output).detail).toBe(detail)
})

test('only a hash travels', () => {
  const [step] = judge(user('hunter3'), OUTPUT).steps
  const stdin = step?.stdin instanceof Secret ? step.stdin.reveal() : ''
  expect(stdin).toMatch(/"password_hash":"[A-Za-z0-9+/]{48}"/)
  expect(`${stdin}${scriptOf(step)}`).not.toContain('hunter3')
})

test('rabbitmqctl is never left waiting for the end of its stdin', () => {
  const [step] = judge(user('hunter3'), OUTPUT).steps
  const calls =
    scriptOf(step)
      ?.split('\n')
      .filter(line => line.startsWith('rabbitmqctl')) ?? []
  expect(calls).toHaveLength(2)
  for (const call of calls) expect(call).toMatch(/ <\/dev\/null$/)
})

test('all are one kind: a broker is asked once', () => {
  expect(rabbitmq.rabbitmqVhost('a').kind).toBe(user('x').kind)
})

test.each(['a b', '-x', 'a;b', '', 'a"b'])('refuses %j', name => {
  expect(() => rabbitmq.rabbitmqVhost(name)).toThrow('is not allowed')
  expect(() => rabbitmq.rabbitmqAbsentUser(name)).toThrow('is not allowed')
})
