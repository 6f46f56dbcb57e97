import { expect, test } from 'vitest'
import { Spread } from '../../../lib/ship/spread.ts'

const signal = new AbortController().signal
const hosts = (count: number) => Array.from({ length: count }, (_, index) => `h${index}`)

/** Lets all hosts fetch, round by round, until all have it; gives who got it from whom in each round. */
async function rounds(names: readonly string[], spread: Spread): Promise<string[][]> {
  const ready: { host: string; from: string | undefined; gives: boolean }[] = []
  const all = names.map(async host => {
    ready.push({ host, ...(await spread.next(host, 100)) })
  })
  const told: string[][] = []
  let count = 0
  while (count < names.length) {
    await new Promise(resolve => setImmediate(resolve))
    const round = ready.splice(0)
    if (round.length === 0) throw new Error('they wait for each other')
    for (const { host, from, gives } of round) {
      if (from !== undefined) spread.fetched(host, from, 'done')
      spread.held(host, 100, gives)
    }
    told.push(round.map(({ host, from }) => `${from ?? 'here'}>${host}`))
    count += round.length
  }
  await Promise.all(all)
  return told
}

test('one host costs no source', async () => {
  expect(await new Spread(['h0'], signal).next('h0', 1)).toEqual({ from: undefined, gives: false })
})

test('ten hosts: once from here, then two rounds', async () => {
  const told = await rounds(hosts(10), new Spread(hosts(10), signal))
  expect(told.map(round => round.length)).toEqual([1, 3, 6])
  expect(told.flat().filter(line => line.startsWith('here'))).toEqual(['here>h0'])
})

test('hosts that reach no other are sent it from here, and after three of them nobody tries', async () => {
  const spread = new Spread(hosts(5), signal)
  await spread.next('h0', 1)
  spread.held('h0', 1, true)
  for (const host of ['h1', 'h2', 'h3']) {
    expect(await spread.next(host, 1)).toMatchObject({ from: 'h0' })
    spread.fetched(host, 'h0', 'unreached')
    expect(await spread.next(host, 1)).toMatchObject({ from: undefined })
  }
  expect(await spread.next('h4', 1)).toMatchObject({ from: undefined })
})

test('when the source dies, one of those that wait becomes the next', async () => {
  const spread = new Spread(hosts(3), signal)
  await spread.next('h0', 1)
  const waiting = [spread.next('h1', 1), spread.next('h2', 1)]
  spread.gone('h0')
  expect(await waiting[0]).toEqual({ from: undefined, gives: true })
  spread.held('h1', 1, true)
  expect(await waiting[1]).toEqual({ from: 'h1', gives: false })
})

test('of two that a source left half-way, one is sent the rest from here and the other waits for it', async () => {
  const spread = new Spread(hosts(3), signal)
  await spread.next('h0', 1)
  spread.held('h0', 1, true)
  await spread.next('h1', 1)
  await spread.next('h2', 1)
  spread.fetched('h1', 'h0', 'cut')
  expect(await spread.next('h1', 1)).toEqual({ from: undefined, gives: true })
  spread.fetched('h2', 'h0', 'cut')
  const waiting = spread.next('h2', 1)
  spread.held('h1', 1, true)
  expect(await waiting).toMatchObject({ from: 'h1' })
})

test('who was cut off looks elsewhere, and a source that has less is none', async () => {
  const spread = new Spread(hosts(3), signal)
  await spread.next('h0', 5)
  spread.held('h0', 5, true)
  expect(await spread.next('h1', 9)).toMatchObject({ from: undefined })
  expect(await spread.next('h2', 5)).toMatchObject({ from: 'h0' })
  spread.fetched('h2', 'h0', 'cut')
  spread.held('h1', 9, true)
  expect(await spread.next('h2', 5)).toMatchObject({ from: 'h1' })
})

test('an interrupt ends the wait', async () => {
  const stop = new AbortController()
  const spread = new Spread(hosts(2), stop.signal)
  await spread.next('h0', 1)
  const waiting = spread.next('h1', 1)
  stop.abort()
  await expect(waiting).rejects.toMatchObject({ exitCode: 8 })
})
