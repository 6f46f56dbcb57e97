import { expect, test } from 'vitest'
import { admitAll } from '../../../lib/proxy/admission.ts'
import { FakeProxy } from '../../support/fake-proxy.ts'

const two = () => [new FakeProxy('lb1', []), new FakeProxy('lb2', [])] as const

test('all proxies are shut, and a second time nothing changes', async () => {
  const proxies = two()
  expect(await admitAll(proxies, { maintenance: true })).toEqual({ changed: ['lb1', 'lb2'] })
  expect(await admitAll(proxies, { maintenance: true })).toEqual({ changed: [] })
})

test.each([{ maintenance: true }, { holdSeconds: 5 }])('%j is taken by all or by none', async change => {
  const [one, other] = two()
  other.broken = true
  await expect(admitAll([one, other], change)).rejects.toThrow('lb2 is away')
  expect(one.now).toEqual({ maintenance: false, heldMilliseconds: 0 })
})

test('a proxy that was shut before stays so when another fails', async () => {
  const [one, other] = two()
  await one.admit({ maintenance: true })
  other.broken = true
  await expect(admitAll([one, other], { maintenance: true })).rejects.toThrow('lb2 is away')
  expect(one.now.maintenance).toBe(true)
})

test('a proxy that cannot be read keeps the others as they are', async () => {
  const [one, other] = two()
  other.admission = () => Promise.reject(new Error('lb2 is silent'))
  await expect(admitAll([one, other], { maintenance: true })).rejects.toThrow('lb2 is silent')
  expect(one.admitted).toEqual([])
})
