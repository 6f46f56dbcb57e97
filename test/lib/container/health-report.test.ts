import { expect, test } from 'vitest'
import { listeningPorts, readHealth } from '../../../lib/container/health-report.ts'

const SOCKETS = `  sl  local_address rem_address   st tx_queue
   0: 0100007F:1F41 00000000:0000 0A 00000000:00000000
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000
   2: 0200A8C0:1F90 0100A8C0:D431 01 00000000:00000000
   0: 00000000000000000000000001000000:270F 00000000000000000000000000000000:0000 0A 00000000`

test('finds the ports that something listens on', () => {
  expect(listeningPorts(SOCKETS)).toEqual(['8001 on 127.0.0.1 only', '8080', '9999 on 127.0.0.1 only'])
})

const report = (state: string, rest: string) =>
  readHealth(`== code 000\n== curl 7\n== state ${state}\n${rest}`, 8000)

test.each([
  ['exited 137 true 0 0', '', 'out of memory (exit code 137)'],
  ['exited 3 false 0 0', '', 'the program ended with exit code 3'],
  ['exited 137 false 0 0', '', 'exit code 137 (killed: nothing but the kernel'],
  [
    'restarting 1 false 4 0',
    "== env\nPATH\n== logs\nKeyError: 'DB'\nos.environ\n",
    'exit code 1: it misses the environment variable DB, which is not in the service',
  ],
  [
    'running 0 false 0 9',
    '== sockets\n   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000\n',
    'the program listens on 127.0.0.1 inside the container, where nothing from outside comes: have it listen on 0.0.0.0:8000',
  ],
  ['restarting 127 false 4 0', '', 'exit code 127 (its command was not found)'],
  ['running 0 false 3 9', '', 'keeps ending and being started again'],
  ['missing 0 false 0 0', '', 'the container is gone'],
  ['running 0 false 0 9', `== sockets\n${SOCKETS}\n`, 'it listens on port 8001 on 127.0.0.1 only, 8080'],
  [
    'running 0 false 0 9',
    '== sockets\n',
    'nothing answers on port 8000 in the container: it listens on nothing',
  ],
  ['running 0 false 0 9', '== curl 28\n', 'no answer within 5 seconds'],
  [
    'running 0 false 0 9',
    '== code 301\n== location https://x/up\n',
    'HTTP 301: it redirects to https://x/up, but must answer 200: have it take the header X-Forwarded-Proto',
  ],
  ['running 0 false 0 9', '== code 503\n== body no \x1b[1mdb\x07\n', 'HTTP 503: no db'],
  ['running 0 false 0 9', '== code 204\n', 'HTTP 204'],
])('%s %j', (state, rest, reason) => {
  const { healthy, reason: given } = report(state, rest)
  expect(healthy).toBe(false)
  expect(given).toContain(reason)
})

test('a log cannot speak for the host, and is cleaned', () => {
  const { healthy, logs } = report(
    'running 0 false 0 9',
    '== logs\n== code 200\nbad \x1b[31mred\x1b[0m\u202e\n',
  )
  expect(healthy).toBe(false)
  expect(logs).toBe('  == code 200\n  bad red')
})

test('what a program says at each of its starts is told once', () => {
  const start = (pid: number) => `start ${pid}\nno database\ngives up\n`
  const { logs } = report('restarting 1 false 4 0', `== logs\n${start(7)}${start(19)}start 31\n`)
  expect(logs).toBe('  start 7\n  no database\n  gives up')
})

test('200 is healthy', () => {
  expect(readHealth('== code 200\n', 8000)).toMatchObject({ healthy: true })
})
