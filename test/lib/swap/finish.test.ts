import { expect, test } from 'vitest'
import { arm } from '../../../lib/swap/finish.ts'
import { fakeSwap } from './fake-swap.ts'

const answers = { web1: new Error('not reached'), web2: '' }

test('a slot that no host was told to stop goes on running, and that is said', async () => {
  const swap = fakeSwap(answers)
  await arm(swap, 'blue')
  expect(swap.warnings).toEqual(['web1: web-blue goes on running: not reached'])
})

test('no host is told to stop the old slot of a swarm, and that is said', async () => {
  const swap = fakeSwap(answers)
  const { target } = swap
  await arm({ ...swap, target: { ...target, service: { ...target.service, placement: 'swarm' } } }, 'blue')
  expect(swap.warnings).toEqual([])
  expect(swap.notes).toEqual([
    'web-blue stays warm in the swarm until a release takes its place, or: fleet finish web',
  ])
})
