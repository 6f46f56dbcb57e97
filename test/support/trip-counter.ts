import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that counts round trips. */
export interface TripCounter extends AsyncDisposable {
  readonly port: number
  /** How many times bytes had to wait for an answer so far, one after another. */
  readonly trips: number
}

/** Milliseconds one way: longer than either side takes to answer, so that what goes together counts as one. */
const DELAY = 15

/**
 * A delaying proxy. What the client sends is one trip deeper than what it had received by then; what the server answers
 * is as deep as what had reached it. The greatest depth is the number of round trips, whatever the machine's speed.
 */
export async function tripCounter(port: number): Promise<TripCounter> {
  const sockets = new Set<Socket>()
  let [clientHas, serverHas] = [0, 0]
  const listener = createServer({ noDelay: true }, client => {
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => setTimeout(() => other.destroy(), DELAY))
    }
    client.on('data', chunk => {
      const depth = clientHas + 1
      setTimeout(() => {
        serverHas = Math.max(serverHas, depth)
        server.write(chunk)
      }, DELAY)
    })
    server.on('data', chunk => {
      const depth = serverHas
      setTimeout(() => {
        clientHas = Math.max(clientHas, depth)
        client.write(chunk)
      }, DELAY)
    })
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    get trips() {
      return clientHas
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => listener.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
