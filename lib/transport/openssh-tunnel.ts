import { Duplex } from 'node:stream'
import { CommandError } from '../errors.ts'
import { endpoint } from './endpoint.ts'
import { spoken } from './openssh-error.ts'
import type { Master } from './openssh-master.ts'
import { forwardArguments } from './openssh-options.ts'
import { startPiped } from './openssh-process.ts'

/** Milliseconds of silence after which a tunnel counts as open: OpenSSH says nothing when it is. */
const OPEN_AFTER = 250

/**
 * A stream to `address:port` as the master's host sees it, by `ssh -W`. That the other side refuses is known only by the
 * end of the process, so that a tunnel counts as open with its first byte or after a moment. Rejects with CommandError,
 * or the master's ConnectError; a tunnel that is cut fails and does not end.
 */
export async function openSshTunnel(master: Master, address: string, port: number): Promise<Duplex> {
  if (master.lost !== undefined) throw master.lost
  const { child } = await startPiped('ssh', forwardArguments(master.socket, master.target, address, port))
  let said = ''
  let isOpen = false
  let bytesRead = 0
  let bytesTaken = 0
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-4096)))
  const stream = new Duplex({
    // The other side may end first and still read.
    allowHalfOpen: true,
    read: () => {
      child.stdout.resume()
    },
    write: (chunk: Buffer, _encoding, done) => {
      child.stdin.write(chunk, error => {
        bytesTaken += chunk.length
        done(error)
      })
    },
    final: done => {
      child.stdin.end()
      done()
    },
    destroy: (error, done) => {
      child.kill('SIGTERM')
      done(error)
    },
  })
  // A tunnel that nobody waits for any more must not end the process.
  stream.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  // As on a socket, for the pulse of a connection that goes through it.
  Object.defineProperties(stream, {
    bytesRead: { get: () => bytesRead },
    bytesWritten: { get: () => bytesTaken + stream.writableLength },
  })
  const refusal = () => {
    const words = spoken(said).at(-1) ?? 'refused'
    const reason = words.replace(/^.*[Ss]tdio forwarding request failed: /, '')
    return new CommandError(`no tunnel to ${endpoint(address, port)}: ${reason}`, {
      host: master.target.name,
    })
  }
  return new Promise((resolve, reject) => {
    const open = () => {
      if (isOpen) return
      isOpen = true
      clearTimeout(timer)
      resolve(stream)
    }
    const timer = setTimeout(open, OPEN_AFTER)
    child.stdout.on('data', (chunk: Buffer) => {
      open()
      bytesRead += chunk.length
      if (!stream.push(chunk)) child.stdout.pause()
    })
    void child.then(async ({ exitCode }) => {
      clearTimeout(timer)
      const lost = (await master.isAlive()) ? undefined : master.lostNow()
      const error = lost ?? (exitCode === 0 ? undefined : refusal())
      if (!isOpen) reject(error ?? refusal())
      else if (error === undefined) stream.push(null)
      else stream.destroy(error)
    })
  })
}
