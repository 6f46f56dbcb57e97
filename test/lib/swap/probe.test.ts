import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { probe } from '../../../lib/swap/probe.ts'
import { ProbeLog } from '../../../lib/swap/probe-report.ts'

let server: Server
let port = 0
let seen = 0
const sockets: Socket[] = []
const waiting: ServerResponse[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    seen += 1
    if (request.url === '/cut')
      response.writeHead(200, { 'content-length': 10 }).write('x', () => response.destroy())
    else if (request.url === '/crowd') {
      sockets.push(request.socket)
      waiting.push(response)
      if (sockets.length >= 5) for (const each of waiting.splice(0)) each.end('v1')
    } else if (request.url === '/error') response.writeHead(503).end()
    else if (request.url !== '/hang') response.end(`v${request.headers.host}\nmore`)
  })
  // A client that is told when the server ends idle connections ends them by itself.
  server.keepAliveTimeout = 60_000
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const run = (path: string, rest = {}, milliseconds = 500) =>
  probe(
    {
      url: new URL(`http://app.test:${port}${path}`),
      addresses: ['127.0.0.1'],
      perSecond: 50,
      concurrency: 5,
      signal: new AbortController().signal,
      timeout: 200,
      ...rest,
    },
    milliseconds,
  )

test('asks steadily, under the name, at the address', async () => {
  seen = 0
  // A busy machine answers late, and that is no failure here.
  const report = await run('/', { concurrency: 100, timeout: 20_000 })
  expect(report).toMatchObject({ failed: 0, late: 0, versions: [{ version: `vapp.test:${port}` }] })
  expect(report.requests).toBe(seen)
  expect(report.requests).toBeGreaterThan(2)
  expect(report.longestGap).toBeGreaterThan(0)
})

test.each([
  ['/error', 'HTTP 503'],
  ['/cut', 'aborted'],
  ['/hang', 'no answer in 200 ms'],
])('%s fails with its reason', async (path, reason) => {
  const report = await run(path)
  expect(report.failed).toBe(report.requests)
  expect(report.reasons[0]?.reason).toContain(reason)
})

test('connections that only a crowd has needed are ended before the proxy does so', async () => {
  const stop = new AbortController()
  const probing = run('/crowd', { timeout: 20_000, idle: 100, signal: stop.signal }, Infinity)
  const ended = () => [...new Set(sockets)].filter(({ destroyed }) => destroyed).length
  await expect.poll(ended, { timeout: 10_000 }).toBeGreaterThanOrEqual(4)
  stop.abort()
  expect(await probing).toMatchObject({ failed: 0 })
}, 15_000)

test('what finds no room is counted, not sent', async () => {
  expect((await run('/hang', { concurrency: 1 })).late).toBeGreaterThan(5)
})

test('a stop ends it and keeps what was seen', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 100)
  const started = performance.now()
  const report = await probe({
    url: new URL(`http://app.test:${port}/`),
    addresses: ['127.0.0.1'],
    perSecond: 50,
    concurrency: 5,
    signal: stop.signal,
  })
  expect(performance.now() - started).toBeLessThan(1000)
  expect(report.failed).toBe(0)
})

test('percentiles, gaps and versions', () => {
  const log = new ProbeLog(0)
  for (let time = 10; time <= 100; time += 10)
    log.add({ sent: time - 5, ended: time, version: time < 50 ? 'a' : 'b' })
  log.add({ sent: 110, ended: 150, failure: 'x' })
  log.add({ sent: 290, ended: 300, version: 'b' })
  expect(log.report()).toEqual({
    requests: 12,
    failed: 1,
    reasons: [{ reason: 'x', count: 1 }],
    late: 0,
    p50: 5,
    p99: 40,
    longestGap: 200,
    versions: [
      { version: 'a', first: 10, last: 40, count: 4 },
      { version: 'b', first: 50, last: 300, count: 7 },
    ],
  })
})
