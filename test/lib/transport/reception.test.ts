import { describe, expect, test } from 'vitest'
import { connected } from '../../support/ssh-connect.ts'
import { endless, sshServer as startServer, type SshServerOptions } from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

/** Bytes that are sent at once, and how often. */
const PIECE = 256 << 10
const PIECES = 160

describe.each(TRANSPORTS)('%s', transport => {
  const sshServer = (options: SshServerOptions = {}) => startServer({ transport, ...options })

  test('a slow reader holds the host back and gets all of it', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    let reading = 0
    let most = 0
    let received = 0
    await web1.exec('head -c 3000000 /dev/zero', {
      discardStdout: true,
      onStdout: async chunk => {
        most = Math.max(most, ++reading)
        await new Promise(resolve => setImmediate(resolve))
        received += chunk.length
        reading--
      },
    })
    expect({ most, received }).toEqual({ most: 1, received: 3_000_000 })
  })

  test('a reader that fails later fails the command', async () => {
    await using server = await sshServer({ handler: endless })
    await using web1 = await connected(server.target())
    const onStdout = () => Promise.reject(new Error('disk full'))
    await expect(web1.exec('x', { discardStdout: true, onStdout })).rejects.toThrow('disk full')
  })

  test('a slow host holds back what is sent to it', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    let [sent, taken, most] = [0, 0, 0]
    async function* stream() {
      for (let piece = 0; piece < PIECES; piece += 1) {
        most = Math.max(most, sent - taken)
        sent += PIECE
        yield Buffer.alloc(PIECE)
      }
    }
    const onStdout = (chunk: Uint8Array) => (taken += PIECE * Buffer.from(chunk).toString().length)
    await web1.exec(
      `i=0; while [ $i -lt ${PIECES} ]; do head -c ${PIECE} >/dev/null; printf .; i=$((i + 1)); done`,
      { stdin: stream(), onStdout },
    )
    expect([sent, taken]).toEqual([PIECES * PIECE, PIECES * PIECE])
    // The window of SSH on both sides, a pipe, and what TCP keeps.
    expect(most).toBeLessThan((PIECES * PIECE) / 4)
  })
})
