import { expect, test } from 'vitest'
import { CommandError } from '../../../lib/errors.ts'
import type { ProxyServer } from '../../../lib/proxy/proxy.ts'
import { endInSwarm, leaveSwarm, leftInSwarm } from '../../../lib/swarm/leave.ts'
import { fakeSwap } from '../swap/fake-swap.ts'

const states = (...lines: readonly string[]) => fakeSwap({ web1: `${lines.join('\n')}\n\n\n` }).slots.states()

test('hosts say which slots a swarm still runs there', async () => {
  const own = 'true 0123456789ab-01234567 run - -'
  expect(leftInSwarm(await states(own, 'false - - - -'))).toEqual(new Set())
  expect(leftInSwarm(await states(own, 'false - - - - swarm'))).toEqual(new Set(['green']))
  const seen = await states('false - - - - swarm', 'false - - - - swarm')
  expect(leftInSwarm(seen)).toEqual(new Set(['blue', 'green']))
  // It is none of the hosts' own slots.
  expect(seen.get('web1')?.blue).toMatchObject({ running: false, edition: undefined })
})

const green: ProxyServer = {
  name: 'web1-green',
  host: 'web1',
  slot: 'green',
  admin: 'drain',
  health: 'up',
  check: '',
  sessions: 2,
  requests: 10,
  errors: 0,
}

test('what still has requests on the swarm stays there, and is told', async () => {
  const swap = fakeSwap({ web1: new CommandError('asked', { host: 'web1' }) })
  await leaveSwarm({ ...swap, read: () => Promise.resolve({ live: 'blue', servers: [green] }) })
  expect(swap.warnings).toEqual([
    'web1-green still have 2 requests: web-green stays on the swarm until: fleet finish web',
  ])
})

test('a swarm that nobody can tell anything leaves a way out', async () => {
  const swap = fakeSwap({ web1: new CommandError('off', { host: 'web1' }) })
  await expect(endInSwarm(swap, 'blue')).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('web is on a swarm still, and no manager of it answers') as unknown,
    hint: expect.stringContaining('--on web1 -- docker swarm leave --force') as unknown,
  })
  // Beside slots that serve it is no failure.
  await leaveSwarm({ ...swap, read: () => Promise.resolve({ live: 'blue', servers: [] }) })
  expect(swap.warnings).toEqual([expect.stringMatching(/^web stays on the swarm beside its slots until/)])
})
