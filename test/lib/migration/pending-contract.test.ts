import { expect, test } from 'vitest'
import type { SlotStates } from '../../../lib/container/slot-state.ts'
import { editionOf, type Manifest } from '../../../lib/release/manifest.ts'
import { pendingContract } from '../../../lib/migration/pending-contract.ts'
import { fakeSwap } from '../swap/fake-swap.ts'
import { testManifest } from '../../support/manifest.ts'

const manifest = testManifest({ label: 'v2', config: '11111111', stopSeconds: 10, contract: ['./contract'] })
const { contract: _, ...without } = manifest
const state = (served: Manifest, isContracted = false): SlotStates => {
  const blue = { running: true, edition: editionOf(served), run: '', manifest: served, isContracted }
  return { blue, green: { ...blue, edition: undefined } }
}

test('a deploy says that what serves was never finished', () => {
  const swap = fakeSwap({ web1: '', web2: '' })
  pendingContract(
    swap,
    new Map([
      ['web1', state(manifest)],
      ['web2', state(manifest)],
    ]),
    'blue',
  )
  expect(swap.warnings).toEqual([
    'the contract migration of v2 (0123456789ab), which serves, has not run yet; hint: fleet finish web',
  ])
})

test.each([
  ['has none', state(without), state(without)],
  ['is finished, as one host knows', state(manifest), state(manifest, true)],
])('and nothing where it %s', (_name, web1, web2) => {
  const swap = fakeSwap({ web1: '', web2: '' })
  pendingContract(
    swap,
    new Map([
      ['web1', web1],
      ['web2', web2],
    ]),
    'blue',
  )
  expect(swap.warnings).toEqual([])
})
