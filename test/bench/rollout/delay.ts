import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP port of this machine that leads to another with a delay in each direction. */
export interface Delayed extends AsyncDisposable {
  readonly port: number
}

/** Sends on what it gets, `milliseconds` later, whatever its size. */
function later(from: Socket, to: Socket, milliseconds: number): void {
  from.setNoDelay(true)
  from.on('data', chunk => setTimeout(() => to.write(chunk), milliseconds))
  from.on('end', () => setTimeout(() => to.end(), milliseconds))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), milliseconds))
}

/** Stands in for distance, the same for every tool; half of the round trip each way. */
export async function delayed(host: string, port: number, roundTrip: number): Promise<Delayed> {
  const server = createServer(socket => {
    const far = connect(port, host)
    later(socket, far, roundTrip / 2)
    later(far, socket, roundTrip / 2)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      await new Promise(resolve => server.close(resolve))
    },
  }
}
