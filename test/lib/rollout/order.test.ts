import { describe, expect, test } from 'vitest'
import { batches, failuresBorne, parseFailureLimit, parseOrder } from '../../../lib/rollout/order.ts'
import type { HostCount, RolloutOrder } from '../../../lib/index.ts'

describe('hosts in batches', () => {
  test.each<[RolloutOrder, string, string]>([
    ['all', 'abcde', 'abcde'],
    ['serial', 'abc', 'a b c'],
    [{ batch: 2 }, 'abcde', 'ab cd e'],
    [{ batch: 9 }, 'abc', 'abc'],
    [{ batch: '50%' }, 'abcde', 'abc de'],
    [{ batch: '1%' }, 'abc', 'a b c'],
    [{ batch: '100%' }, 'abc', 'abc'],
    [{ batch: '34%' }, 'abc', 'ab c'],
    [{ batch: '25%' }, 'abcdefgh', 'ab cd ef gh'],
    [{ canary: 1 }, 'abcde', 'a bcde'],
    [{ canary: 1 }, 'a', 'a'],
    [{ canary: '20%', rest: 'serial' }, 'abcde', 'a b c d e'],
    [{ canary: 1, rest: 2 }, 'abcdef', 'a bc de f'],
    [{ canary: 1, rest: '50%' }, 'abcdef', 'a bcd ef'],
    [{ canary: 9, rest: 'serial' }, 'ab', 'ab'],
    ['all', '', ''],
    [{ canary: 1 }, '', ''],
  ])('%j of %s', (order, hosts, expected) => {
    const groups = batches(hosts.split(''), order).map(group => group.join(''))
    expect(groups.join(' ')).toBe(expected)
  })
})

test.each<[HostCount, number, number]>([
  [0, 5, 0],
  [2, 5, 2],
  ['10%', 5, 0],
  ['20%', 5, 1],
  ['39%', 5, 1],
  ['100%', 3, 3],
])('%s of %i hosts may fail: %i', (limit, total, expected) => {
  expect(failuresBorne(limit, total)).toBe(expected)
})

test.each<[string, RolloutOrder | undefined]>([
  ['all', 'all'],
  ['serial', 'serial'],
  ['2', { batch: 2 }],
  ['25%', { batch: '25%' }],
  ['canary', { canary: 1 }],
  ['canary:2', { canary: 2 }],
  ['canary:10%,rest:25%', { canary: '10%', rest: '25%' }],
  ['canary,rest:serial', { canary: 1, rest: 'serial' }],
  ['0', undefined],
  ['0%', undefined],
  ['101%', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['canary:', undefined],
  ['canary:0', undefined],
  ['canary:1,rest:', undefined],
  ['canary:1,rest:canary', undefined],
  ['canaries', undefined],
  ['', undefined],
  ['2 ', undefined],
])('--order %j', (text, expected) => {
  expect(parseOrder(text)).toEqual(expected)
})

test.each<[string, HostCount | undefined]>([
  ['0', 0],
  ['3', 3],
  ['0%', '0%'],
  ['10%', '10%'],
  ['101%', undefined],
  ['1.5%', undefined],
  ['-1', undefined],
  ['many', undefined],
])('--max-failures %j', (text, expected) => {
  expect(parseFailureLimit(text)).toEqual(expected)
})
