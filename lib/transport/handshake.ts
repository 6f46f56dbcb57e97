import type { Duplex } from 'node:stream'
import { NodeSSH } from 'node-ssh'
import type { AuthenticationType } from 'ssh2'
import { messageOf } from '../errors.ts'
import { orAborted } from './abort.ts'
import { connectAborted, connectError } from './connect-error.ts'
import { hostKeyRefused, isRevoked } from './host-key-error.ts'
import { hostKeyAlgorithms, parsePins, shownKey } from './host-key.ts'
import type { Identity } from './identity.ts'
import { Link } from './link.ts'
import { signAtOnce } from './sign-at-once.ts'
import type { ConnectOptions, Target } from './transport.ts'

/** node-ssh says ETIMEDOUT, and ssh2 nothing, when the other side hung up. */
const HUNG_UP = /^(No response from server|Connection lost before handshake)$/

const hungUp = (error: unknown): unknown =>
  HUNG_UP.test(messageOf(error)) ? Object.assign(new Error(messageOf(error)), { code: 'ECONNRESET' }) : error

/** What sshd says in place of its greeting: one short line, before it hangs up. */
function lineOf(chunk: Uint8Array): string | undefined {
  const line = Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, 200)).toString('latin1')
  return line.startsWith('SSH-') ? undefined : line.replace(/[\r\n][^]*/, '')
}

/**
 * Speaks SSH over `socket`: checks the host key against the pinned ones, then logs in. Rejects with HostKeyError,
 * ConnectError or AbortedError, and has destroyed the socket then. `left` is what remains of the timeout, in ms.
 */
export async function handshake(
  target: Target,
  socket: Duplex,
  identity: Identity,
  options: ConnectOptions & { readonly left: number },
): Promise<Link> {
  const pins = parsePins(target.name, target.hostKeys)
  let shown: Buffer | undefined
  let refused = false
  let left: readonly string[] | undefined
  let said: string | undefined
  const methods = [...identity.methods]
  const ssh = new NodeSSH()
  const connecting = ssh.connect({
    sock: socket,
    username: target.user,
    // ssh2 takes 0 for "no limit".
    readyTimeout: Math.max(1, options.left),
    // The link has a pulse of its own.
    keepaliveInterval: 0,
    algorithms: { serverHostKey: hostKeyAlgorithms(pins) },
    // Without a verifier ssh2 takes any key.
    hostVerifier: (key: Buffer) => {
      shown = key
      refused = isRevoked(target, key) || !pins.some(pin => pin.blob.equals(key))
      return !refused
    },
    // Without a handler ssh2 begins with the method "none", which costs a round trip and counts as a failed login.
    authHandler: (methodsLeft: AuthenticationType[] | null) => {
      left = methodsLeft ?? undefined
      return methods.shift() ?? false
    },
  })
  const client = ssh.connection
  try {
    if (client === null) throw new Error('node-ssh made no connection')
    // Without it Nagle's algorithm adds some 45 ms to each command.
    client.setNoDelay(true)
    socket.once('data', (chunk: Uint8Array) => (said = lineOf(chunk)))
    signAtOnce(client, identity.methods)
    // node-ssh takes its listener off once connected: the next error would end the process.
    const link = new Link(target, client, socket)
    await orAborted(connecting, options.signal, () => connectAborted(target))
    return link
  } catch (error) {
    connecting.catch(() => undefined)
    ssh.dispose()
    socket.destroy()
    if (refused && shown !== undefined) throw hostKeyRefused(target, shownKey(shown))
    throw connectError(target, hungUp(error), options.timeout, { methods: left, note: identity.note, said })
  }
}
