import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'

/** Milliseconds between two looks at the connection, and how many in a row may show nothing: 20 s. */
const INTERVAL = 5000
const MISSED = 4

/** What of a socket can be counted. A tunnel counts nothing that it has not got. */
function moved(socket: Duplex): readonly number[] {
  const count = (name: 'bytesRead' | 'bytesWritten'): number => {
    const value: unknown = Reflect.get(socket, name)
    return typeof value === 'number' ? value : 0
  }
  return [count('bytesRead'), count('bytesWritten') - socket.writableLength]
}

/**
 * Asks the host for a sign of life while the connection is silent, and calls `onDead` after 20 s without one. Any byte
 * that comes, and any that the network still takes from us, counts as one: the answer to a question may wait behind
 * megabytes of a slow transfer. Returns how to end it.
 */
export function startPulse(
  client: Client,
  socket: Duplex,
  onDead: () => void,
  interval = INTERVAL,
): () => void {
  let before = moved(socket)
  let missed = 0
  const timer = setInterval(() => {
    const now = moved(socket)
    missed = now.some((count, index) => count > (before[index] ?? 0)) ? 0 : missed + 1
    before = now
    if (missed >= MISSED) {
      clearInterval(timer)
      onDead()
    } else if (missed > 0) {
      ask(client)
      // Our own question is no sign of life.
      before = [now[0] ?? 0, moved(socket)[1] ?? 0]
    }
  }, interval)
  return () => clearInterval(timer)
}

/** A global request that every server must answer, if only by refusing it (RFC 4254, section 4). */
function ask(client: Client): void {
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (typeof protocol !== 'object' || protocol === null) return
  const ping: unknown = Reflect.get(protocol, 'ping')
  if (typeof ping === 'function') Reflect.apply(ping, protocol, [])
}
