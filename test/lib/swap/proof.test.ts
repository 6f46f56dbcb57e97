import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeProof, faultOf, startProof } from '../../../lib/swap/proof.ts'
import { FakeProxy } from '../../support/fake-proxy.ts'
import { fakeSwap } from './fake-swap.ts'

let server: Server
let port = 0
let status = 200
const headers: unknown[] = []
const paths = new Set<string | undefined>()
beforeAll(async () => {
  server = createServer((request, response) => {
    headers.push(request.headers['x-probe'])
    paths.add(request.url)
    response.writeHead(status).end('v1')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const began = (
  address: string,
  maxErrors = 0,
  { path = '/up', proxies = [new FakeProxy('lb', [])] } = {},
) => {
  const { ctx, target, notes, warnings } = fakeSwap({ web1: '' })
  const [proxy] = target.hosts
  if (proxy === undefined) throw new Error('no host')
  const proof = startProof({
    ctx,
    proxies,
    target: {
      ...target,
      proxies: [{ ...proxy, address }],
      door: { origin: `http://app.test:${port}` },
      service: {
        ...target.service,
        probe: { path, perSecond: 100, headers: { 'X-Probe': 'yes' }, maxErrors },
      },
    },
  })
  return { proof, notes, warnings }
}

test('errors after the flip are a fault, errors before it are not; both sides are told apart', async () => {
  status = 503
  const { proof, notes } = began('127.0.0.1')
  await sleep(150)
  expect(proof.fault()).toBeUndefined()
  status = 200
  await sleep(50)
  proof.flipped()
  await sleep(150)
  expect(proof.fault()).toBeUndefined()
  status = 500
  await sleep(150)
  expect(proof.fault()).toMatch(
    /^\d+ of \d+ requests through the front door failed since the flip \(.*HTTP 500\)$/,
  )
  const report = await proof.end()
  expect(report?.before?.failed).toBeGreaterThan(0)
  expect(report?.after?.requests).toBeGreaterThan(report?.after?.failed ?? 0)
  expect(headers).toContain('yes')
  expect(notes.join()).toMatch(/requests through the front door, \d+ failed/)
})

test('a front door that cannot be reached from here proves nothing, and says so', async () => {
  const { proof, warnings } = began('127.0.0.2')
  await sleep(100)
  proof.flipped()
  await sleep(100)
  expect(proof.fault()).toBeUndefined()
  await proof.end()
  expect(warnings.join()).toMatch(
    /not proven: http:\/\/app\.test:\d+ cannot be reached from here \(\d+ x ECONNREFUSED\)/,
  )
})

test.each([
  [true, '/up', true],
  [false, '/version', false],
] as const)('with maintenance %s it asks for %s', async (maintenance, path, isSaid) => {
  status = 200
  paths.clear()
  const proxy = new FakeProxy('lb', [])
  proxy.now = { maintenance, heldMilliseconds: 0 }
  const { proof, notes } = began('127.0.0.1', 0, { path: '/version', proxies: [proxy] })
  await expect.poll(() => [...paths]).toEqual([path])
  await proof.end()
  expect(notes.some(note => note.includes('maintenance page: /up is asked for instead of /version'))).toBe(
    isSaid,
  )
})

test.each([
  [0, 0, false],
  [1, 0, true],
  [1, 1, false],
  [3, 2, true],
])('%i failures with %i allowed', (failures, most, fault) => {
  const sample = (failure?: string) => ({ sent: 0, ended: 1, ...(failure === undefined ? {} : { failure }) })
  const samples = [sample(), ...Array.from({ length: failures }, () => sample('HTTP 500'))]
  expect(faultOf(samples, samples, most) !== undefined).toBe(fault)
})

test('a report fits in a line', () => {
  const stats = { requests: 20, failed: 15, p50: 2, p99: 9.5, longestGap: 110 }
  const after = { ...stats, requests: 5, failed: 0 }
  expect(describeProof({ ...stats, reasons: [], late: 0, versions: [], after })).toBe(
    '20 requests through the front door, 15 failed, p50 2 ms, p99 9.5 ms, longest gap 0.11 s; since the flip 5, 0 failed, p50 2 ms, p99 9.5 ms',
  )
})
