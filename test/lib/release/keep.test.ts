import { describe, expect, test } from 'vitest'
import { bytesOf, lastShared, spare, type Held } from '../../../lib/release/keep.ts'

const MB = 1e6
/** Editions `1` (oldest) to `n`, each with an image of its own of 100 MB; a dash marks an image that is gone. */
const held = (names: string, used: string, served = names): Held => ({
  editions: names.split(' ').map(name => {
    const number = name.replace('-', '')
    return {
      edition: number,
      image: `image${number}`,
      created: `2026-01-0${number}T00:00:00Z`,
      bytes: name.includes('-') ? undefined : 100 * MB,
    }
  }),
  used: new Set(used.split(' ')),
  served: new Set(served.split(' ')),
})

test.each([
  ['500MB', 500 * MB],
  ['1.5GB', 1500 * MB],
] as const)('%s are %i bytes', (size, bytes) => {
  expect(bytesOf(size)).toBe(bytes)
})

describe('what goes from one host', () => {
  const one = (names: string, used: string, keep = {}) =>
    spare(new Map([['web1', held(names, used)]]), keep)
      .get('web1')
      ?.editions.join(' ')

  test.each([
    ['5 6', '6 5', { releases: 2 }, ''],
    ['1 2 3 4 5 6 7', '7 6', {}, '2 1'],
    ['1 2 3 4', '4 3', { releases: 2 }, '1'],
    ['1 2 3 4', '1 2', { releases: 2 }, '3'],
    ['1 2 3 4', '4 3', { releases: 4, size: '250MB' }, '1'],
    ['1 2 3 4', '4 3', { releases: 4, size: '1MB' }, '1'],
    ['1- 2 3 4', '4 3', { releases: 3 }, '1'],
  ])('of %s, with %s in the slots and %j', (names, used, keep, gone) => {
    expect(one(names, used, keep)).toBe(gone)
  })
})

test('the last release that all hosts share stays, however old', () => {
  const hosts = new Map([
    ['web1', held('1 2 4 5', '5 4')],
    ['web2', held('1 3 4 5', '5 4')],
  ])
  expect(lastShared([...hosts.values()])).toBe('1')
  const goes = spare(hosts, { releases: 2 })
  expect([...goes.values()].map(({ editions }) => editions)).toEqual([['2'], ['3']])
})

test('a release that never served is no way back, and goes before one that did', () => {
  const hosts = new Map(['web1', 'web2'].map(name => [name, held('1 2 3 4 5', '5 4', '1 2 4 5')] as const))
  expect(lastShared([...hosts.values()])).toBe('2')
  const goes = (releases: number) => [...spare(hosts, { releases }).values()].map(({ editions }) => editions)
  expect(goes(3)).toEqual([
    ['1', '3'],
    ['1', '3'],
  ])
  expect(goes(4)).toEqual([['3'], ['3']])
})

test('an image that another configuration still needs stays', () => {
  const both = held('1 2 3', '3 2')
  const [first, ...rest] = both.editions
  const shared = {
    ...both,
    editions: [{ ...first, edition: '1', image: 'image3', created: '2026-01-01', bytes: 1 }, ...rest],
  }
  const lone: Held = { editions: [], used: new Set(), served: new Set() }
  expect(
    spare(
      new Map([
        ['web1', shared],
        ['web2', lone],
      ]),
      { releases: 2 },
    ).get('web1'),
  ).toEqual({
    editions: ['1'],
    images: [],
  })
})
