import { expect, test } from 'vitest'
import { introduceHosts } from '../../../lib/pair/introduce.ts'
import { bodies } from '../../../templates/index.ts'
import { dock, fakePair } from './fake-pair.ts'

const outfit = { bodies, stores: () => [] }
const key = (letter: string): string => `ssh-ed25519 ${letter.repeat(68)}`
const keys = { sd1a: `${key('A')}\n`, sd1b: `${key('B')}\n` }

test('each host of a pair lets the other one ask, and nothing else, and knows it by its pinned key', async () => {
  const { swap, said, warnings } = fakePair({ keys })
  await introduceHosts({ ...swap, target: { ...swap.target, outfit } })
  const [sd1a = '', sd1b = ''] = ['sd1a', 'sd1b'].map(host =>
    said.filter(line => line.startsWith(`${host} [`)).join('\n'),
  )
  const entry = (from: string, letter: string) =>
    JSON.stringify(`restrict,command="/usr/local/lib/fleetfile/answer-live",from="${from}" ${key(letter)}\n`)
  expect(sd1a).toContain(entry('10.0.0.3', 'B'))
  expect(sd1a).toContain('source ssh-ed25519 AAAAsd1b')
  expect(sd1a).toContain('boot-live dock 22 10.0.0.3')
  expect(sd1b).toContain(entry('10.0.0.2', 'A'))
  expect(sd1b).toContain('boot-live dock 22 10.0.0.2')
  expect(warnings).toEqual([])
})

test.each([
  ['no key', ''],
  ['a key with more on its line', `${key('B').slice(0, -1)}",command="sh" x\n`],
])('%s is said, and nobody gets it', async (_, line) => {
  const { swap, said, warnings } = fakePair({ keys: { ...keys, sd1b: line } })
  await introduceHosts({ ...swap, target: { ...swap.target, outfit } })
  expect(said).toEqual(['sd1a makes a key', 'sd1b makes a key'])
  expect(warnings).toEqual([
    expect.stringMatching(
      /^after a boot, what is live of dock waits for the next command: .*has made no key/s,
    ),
  ])
})

test('where nothing is live, or one host does not answer, nobody is introduced', async () => {
  const { programs: _programs, ...plain } = dock
  for (const { swap, said } of [fakePair({ service: plain, keys }), fakePair({ silent: ['sd1a'], keys })]) {
    await introduceHosts({ ...swap, target: { ...swap.target, outfit } })
    expect(said).toEqual([])
  }
})
