import { Duplex } from 'node:stream'
import ssh2 from 'ssh2'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startPulse } from '../../../lib/transport/pulse.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

/** A connection whose counters a test moves. */
function connection() {
  const counts = { bytesRead: 0, bytesWritten: 0 }
  const socket = Object.assign(
    new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }),
    counts,
  )
  let pings = 0
  const client = new ssh2.Client()
  Reflect.set(client, '_protocol', { ping: () => ((socket.bytesWritten += 50), pings++) })
  const state = { dead: false }
  const stop = startPulse(client, socket, () => (state.dead = true))
  return { socket, state, stop, pings: () => pings }
}

test('a connection that shows no sign of life for 20 s is dead, and was asked before', () => {
  const { state, pings } = connection()
  vi.advanceTimersByTime(15_000)
  expect([state.dead, pings()]).toEqual([false, 3])
  vi.advanceTimersByTime(5000)
  expect(state.dead).toBe(true)
})

test.each(['bytesRead', 'bytesWritten'] as const)('a slow transfer is a sign of life: %s', name => {
  const { socket, state } = connection()
  for (let seconds = 0; seconds < 120; seconds += 15) {
    socket[name] += 1000
    vi.advanceTimersByTime(15_000)
  }
  expect(state.dead).toBe(false)
})

test('it ends with the connection', () => {
  const { state, stop } = connection()
  stop()
  vi.advanceTimersByTime(60_000)
  expect(state.dead).toBe(false)
})
