import { expect, test } from 'vitest'
import { foldFailures } from '../../../lib/container/unhealthy.ts'
import { HealthError } from '../../../lib/errors.ts'

const failed = (host: string, reason: string, ...log: string[]) => ({
  host,
  error: new HealthError(
    log.length === 0 ? reason : `${reason}\nits last lines:\n${log.map(line => `  ${line}`).join('\n')}`,
    { host },
  ),
})

test('last lines that agree but for times and numbers are said once', () => {
  const folded = foldFailures([
    failed('web1', 'ended with exit code 1', '12:00:01 pid 41 cannot go on', 'bye'),
    failed('web2', 'ended with exit code 1', '12:00:02 pid 97 cannot go on', 'bye'),
  ])
  expect(folded).toBe(
    'web1, web2: ended with exit code 1\nits last lines:\n  12:00:01 pid 41 cannot go on\n  bye',
  )
})

test('hosts with one reason and other last lines are each heard', () => {
  const folded = foldFailures([
    failed('web1', 'ended with exit code 1', 'no database'),
    failed('web2', 'ended with exit code 1', 'no queue'),
    failed('web3', 'ended with exit code 1', 'no database'),
    failed('web4', 'HTTP 500'),
  ])
  expect(folded).toBe(
    [
      'web1, web2, web3: ended with exit code 1',
      'its last lines on web1, web3:',
      '  no database',
      'its last lines on web2:',
      '  no queue',
      'web4: HTTP 500',
    ].join('\n'),
  )
})

test('a program that is about to say the same once more agrees', () => {
  const folded = foldFailures([
    failed('web1', 'ended with exit code 1', 'no database'),
    failed('web2', 'ended with exit code 1', 'no database', 'starting'),
  ])
  expect(folded).toBe('web1, web2: ended with exit code 1\nits last lines:\n  no database')
})
