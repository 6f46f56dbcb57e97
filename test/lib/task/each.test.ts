import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { AbortedError, CommandError, ConnectError, LeaseHeldError } from '../../../lib/errors.ts'
import { eachHost } from '../../../lib/task/each.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const hosts = ['a', 'b', 'c', 'd'].map(name => fleetHost(name, 'web', '10.0.0.1'))
const calm = new AbortController().signal

test('as many at once as allowed, and a result for each', async () => {
  let [now, most] = [0, 0]
  const results = await eachHost(
    hosts,
    async ({ name }) => {
      most = Math.max(most, ++now)
      await wait(5)
      now--
      return name.toUpperCase()
    },
    { concurrency: 2, signal: calm },
  )
  expect(new Map(results)).toEqual(
    new Map([
      ['a', 'A'],
      ['b', 'B'],
      ['c', 'C'],
      ['d', 'D'],
    ]),
  )
  expect(most).toBe(2)
})

const refused = (host: string) => new ConnectError('connection refused', { host, hint: `ssh ${host}` })

test.each<[string, (host: string) => Error | undefined, number, string]>([
  [
    'one of them',
    host => (host === 'b' ? new CommandError('exit code 1', { host }) : undefined),
    4,
    '1 of 4 hosts failed\n  b: exit code 1',
  ],
  ['all unreachable', refused, 5, '4 of 4 hosts failed\n  a: connection refused\n  b: connection refused'],
  [
    'all held',
    host => new LeaseHeldError('held by ann', { host }),
    6,
    '4 of 4 hosts failed\n  a: held by ann',
  ],
  [
    'for several reasons',
    host => (host === 'a' ? new TypeError('oops') : refused(host)),
    4,
    '4 of 4 hosts failed\n  a: oops',
  ],
])('%s failing does not keep the others from being tried', async (_, fail, exitCode, message) => {
  const tried: string[] = []
  const work = async ({ name }: { name: string }) => {
    tried.push(name)
    const error = fail(name)
    if (error !== undefined) throw error
  }
  await expect(eachHost(hosts, work, { concurrency: 1, signal: calm })).rejects.toMatchObject({
    exitCode,
    message: expect.stringContaining(message),
  })
  expect(tried).toEqual(['a', 'b', 'c', 'd'])
})

test('after an abort no further host is begun, and it is told where each stands', async () => {
  const controller = new AbortController()
  const tried: string[] = []
  const work = async ({ name: host }: { name: string }) => {
    tried.push(host)
    if (host === 'c') controller.abort(new AbortedError('stopped by SIGINT', { hint: 'again' }))
    await wait(5)
    if (host === 'b') {
      throw new AbortedError('stopped after 2 of 7 steps', { host, hint: 'fleet resume run-1' })
    }
    if (host === 'c') throw new Error('cut off')
  }
  await expect(eachHost(hosts, work, { concurrency: 3, signal: controller.signal })).rejects.toMatchObject({
    message: 'stopped by SIGINT\n  a: done\n  b: stopped after 2 of 7 steps\n  c: cut off\n  d: not begun',
    hint: 'fleet resume run-1',
    exitCode: 8,
  })
  expect(tried).toEqual(['a', 'b', 'c'])
})
