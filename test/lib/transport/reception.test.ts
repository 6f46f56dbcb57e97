import { describe, expect, test } from 'vitest'
import { connected } from '../../support/ssh-connect.ts'
import { endless, sshServer as startServer, type SshServerOptions } from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

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
})
