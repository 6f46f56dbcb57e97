import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { messageOf, type FleetError } from '../errors.ts'
import { orAborted } from './abort.ts'
import { connectAborted, connectError, connectTimedOut } from './connect-error.ts'
import type { ConnectOptions, Target, Transport } from './transport.ts'

/**
 * Milliseconds that Node gives each address of a name before it tries the next one. Its own 250 fails a host with two
 * addresses that is further away than that.
 */
const ATTEMPT = 2500

/** A byte stream to the target's SSH port. Rejects with ConnectError or AbortedError. */
export async function dial(
  target: Target,
  via: Transport | undefined,
  options: ConnectOptions,
): Promise<Duplex> {
  const limit = AbortSignal.timeout(options.timeout)
  const either = AbortSignal.any([options.signal, limit])
  const given = (): FleetError =>
    options.signal.aborted ? connectAborted(target) : connectTimedOut(target, options.timeout)
  if (either.aborted) throw given()
  if (via !== undefined) return dialThrough(via, target, either, given)

  const socket = connect({
    host: target.address,
    port: target.port,
    noDelay: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT,
  })
  // A late error of a socket that nobody waits for any more must not end the process.
  socket.on('error', () => undefined)
  try {
    await once(socket, 'connect', { signal: either })
    return socket
  } catch (error) {
    socket.destroy()
    throw either.aborted ? given() : connectError(target, error, options.timeout)
  }
}

async function dialThrough(
  via: Transport,
  target: Target,
  signal: AbortSignal,
  given: () => FleetError,
): Promise<Duplex> {
  const opening = via.forward(target.address, target.port)
  try {
    return await orAborted(opening, signal, given)
  } catch (error) {
    void opening.then(stream => stream.destroy()).catch(() => undefined)
    if (signal.aborted) throw given()
    throw connectError(
      target,
      new Error(`no way through ${via.host} (${messageOf(error)})`, { cause: error }),
      0,
    )
  }
}
