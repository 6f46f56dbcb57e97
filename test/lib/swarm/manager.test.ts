import { expect, test } from 'vitest'
import { askManagers } from '../../../lib/swarm/manager.ts'
import { CommandError } from '../../../lib/errors.ts'
import { fakeSwap } from '../swap/fake-swap.ts'

const answer = (bodies: readonly unknown[], status: number): string =>
  bodies.map(body => `${JSON.stringify(body)}\n==${status}\n`).join('')
const whole = answer([[], {}, {}, []], 200)
const said = (message: string) =>
  answer(
    [1, 2, 3, 4].map(() => ({ message })),
    503,
  )
const ask = (answers: Parameters<typeof fakeSwap>[0]) => {
  const { ctx, target } = fakeSwap(answers)
  return askManagers(ctx, 'web', target.hosts, 0)
}

test('hosts that are away, and those that are no managers, are passed over', async () => {
  const found = await ask({
    web1: new CommandError('connection refused', { host: 'web1' }),
    web2: said('This node is not a swarm manager.'),
    web3: whole,
  })
  expect(found.manager.name).toBe('web3')
  expect(found.view).toEqual({ nodes: [], slots: { blue: undefined, green: undefined } })
})

test('no manager: each host says why, and what that means', async () => {
  const failed = ask({
    web1: new CommandError('off', { host: 'web1' }),
    web2: said('The swarm does not have a leader.'),
  })
  await expect(failed).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringMatching(
      /web1: off[^]*web2: The swarm does not have a leader\.[^]*what runs goes on/,
    ) as unknown,
  })
})
