import { Duplex } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import type { Link } from './link.ts'

/**
 * A forwarded channel as a stream that keeps Node's rules: ssh2's own neither closes on `destroy()` nor fails when its
 * connection is lost, so that a cut looks like the end of the data.
 */
export function tunnel(link: Link, channel: ClientChannel): Duplex {
  let waiting: ((error?: Error | null) => void) | undefined
  let bytesRead = 0
  let bytesTaken = 0
  const stream = new Duplex({
    read: () => {
      channel.resume()
    },
    write: (chunk: Buffer, _encoding, done) => {
      waiting = done
      channel.write(chunk, () => {
        waiting = undefined
        bytesTaken += chunk.length
        done()
      })
    },
    final: done => {
      channel.end()
      done()
    },
    destroy: (error, done) => {
      channel.close()
      done(error)
    },
  })
  channel.on('data', (chunk: Buffer) => {
    bytesRead += chunk.length
    if (!stream.push(chunk)) channel.pause()
  })
  channel.on('end', () => {
    if (link.lost === undefined) stream.push(null)
  })
  channel.on('error', () => undefined)
  channel.on('close', () => {
    if (link.lost !== undefined) stream.destroy(link.lost)
    else if (waiting === undefined) stream.end()
    else waiting(Object.assign(new Error('the other side closed the tunnel'), { code: 'EPIPE' }))
  })
  // As on a socket, for the pulse of a connection that goes through it.
  Object.defineProperties(stream, {
    bytesRead: { get: () => bytesRead },
    bytesWritten: { get: () => bytesTaken + stream.writableLength },
  })
  return stream
}
