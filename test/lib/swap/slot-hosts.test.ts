import { expect, test } from 'vitest'
import { requirePresent } from '../../../lib/swap/slot-hosts.ts'
import { fakePair } from '../pair/fake-pair.ts'
import { fakeSwap } from './fake-swap.ts'

const names = (hosts: readonly { readonly name: string }[]) => hosts.map(({ name }) => name)

test.each(['blue', 'green'] as const)('containers have %s on each host that is not left out', slot => {
  expect(names(requirePresent(fakeSwap({ web1: '', web3: '' }).target, slot))).toEqual(['web1', 'web3'])
})

test('a pair has each slot on one host, which must be there', () => {
  const { target } = fakePair({ silent: ['sd1b'] }).swap
  expect(names(requirePresent(target, 'blue'))).toEqual(['sd1a'])
  expect(() => requirePresent(target, 'green')).toThrow(
    expect.objectContaining({
      exitCode: 5,
      host: 'sd1b',
      message:
        'sd1b: does not answer or is in quarantine, and is the idle host of dock: nothing has changed for users',
      hint: 'fleet status',
    }),
  )
})
