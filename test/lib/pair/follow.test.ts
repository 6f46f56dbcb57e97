import { describe, expect, test } from 'vitest'
import type { SlotState, SlotStates } from '../../../lib/container/slot-state.ts'
import { followLive, settleLiveWork } from '../../../lib/pair/follow.ts'
import { dock, fakePair } from './fake-pair.ts'

const nothing: SlotState = { running: false, edition: undefined, run: '-', manifest: undefined }
const states = (sd1a: boolean | undefined, sd1b: boolean | undefined) =>
  new Map<string, SlotStates>([
    ['sd1a', { blue: { ...nothing, ...(sd1a === undefined ? {} : { works: sd1a }) }, green: nothing }],
    ['sd1b', { blue: nothing, green: { ...nothing, ...(sd1b === undefined ? {} : { works: sd1b }) } }],
  ])
const works = (said: readonly string[]) => said.filter(line => /(rests|works|claims)$/.test(line))

describe('what follows the traffic', () => {
  test('live work ends on one host before it begins on the other, then all hosts name that one', async () => {
    const { swap, said, warnings } = fakePair()
    await followLive(swap, 'green')
    expect(works(said)).toEqual(['sd1a rests', 'sd1b works'])
    const names = said.slice(2).map(line => line.replace(/ .*"(10\S+) dock-live".*/, ' $1'))
    expect(names.toSorted()).toEqual(['edge1 10.0.0.3', 'sd1a 10.0.0.3', 'sd1b 10.0.0.3'])
    expect(warnings).toEqual([])
  })

  test('where it does not end, it does not begin', async () => {
    const { swap, said } = fakePair({ broken: ['sd1a'] })
    await expect(followLive(swap, 'green')).rejects.toThrow('sd1a is broken')
    expect(said).toEqual([])
  })

  test('away from a dead host, what is not proven is said', async () => {
    const { swap, said, warnings } = fakePair({ silent: ['sd1a'] })
    await followLive(swap, 'green')
    expect(works(said)).toEqual(['sd1b claims', 'sd1b works'])
    expect(warnings).toEqual([expect.stringMatching(/^not proven: sd1a does not answer/)])
  })

  test('one that has come back since the run began, and gone on with it, ends it first', async () => {
    const { swap, said, warnings } = fakePair({ silent: ['sd1a'], back: ['sd1a'] })
    await followLive(swap, 'green')
    expect(works(said)).toEqual(['sd1b claims', 'sd1a rests', 'sd1b works'])
    expect(warnings).toEqual([])
  })

  test('a host that cannot take the name is warned of', async () => {
    const { swap, warnings } = fakePair({ broken: ['edge1'] })
    await followLive(swap, 'blue')
    expect(warnings).toEqual(['dock-live is not yet sd1a everywhere: edge1 is broken'])
  })

  test('without live work and alias nothing is done', async () => {
    const { programs: _programs, ...plain } = dock
    const { swap, said } = fakePair({ service: { ...plain, pair: { blue: 'sd1a', green: 'sd1b' } } })
    await followLive(swap, 'green')
    expect(said).toEqual([])
  })
})

test.each([
  ['as it is to be', true, false, [], []],
  ['left on the old host', true, true, ['sd1b rests', 'sd1a works'], ['runs on sd1b']],
  ['on none of them', false, false, ['sd1b rests', 'sd1a works'], ['runs nowhere']],
  ['on a host that says nothing', undefined, false, [], []],
])('a run that was cut off: live work %s', async (_, sd1a, sd1b, done, told) => {
  const { swap, said, warnings } = fakePair()
  await settleLiveWork(swap, 'blue', states(sd1a, sd1b))
  expect(said).toEqual(done)
  expect(warnings).toEqual(
    told.map(where => `what is live of dock ${where}, and traffic goes to sd1a: put right`),
  )
})
