import { once } from 'node:events'
import { createServer } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test, vi } from 'vitest'
import { ConnectError, HostKeyError } from '../../../lib/errors.ts'
import { connected, failure } from '../../support/ssh-connect.ts'
import { hang, makeKey, sshServer as startServer, type SshServerOptions } from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

/** A TCP service that answers with what it got, in capitals. */
async function shout() {
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => undefined)
    socket.on('data', chunk => socket.write(String(chunk).toUpperCase()))
    socket.on('end', () => socket.end())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise<void>(resolve => server.close(() => resolve())),
  }
}

describe.each(TRANSPORTS)('%s', transport => {
  const sshServer = (options: SshServerOptions = {}) => startServer({ transport, ...options })

  test('two jumps lead to a host, each with keys of its own', async () => {
    await using first = await sshServer()
    await using second = await sshServer()
    await using server = await sshServer()
    const jumps = [first.target({ name: 'bastion1' }), second.target({ name: 'bastion2', user: 'hop' })]
    await using web1 = await connected(server.target({ jumps }))
    expect(String((await web1.exec('echo through')).stdout)).toBe('through\n')
    expect(first.stats.tunnels).toEqual([`127.0.0.1:${second.port}`])
    expect(second.stats.tunnels).toEqual([`127.0.0.1:${server.port}`])
    expect(first.stats.commands).toEqual([])
  })

  test('a login whose own shell runs nothing connects as well', async () => {
    vi.stubEnv('SHELL', '/bin/false')
    try {
      await using first = await sshServer()
      await using server = await sshServer()
      await using web1 = await connected(server.target({ jumps: [first.target({ name: 'bastion' })] }))
      expect(String((await web1.exec('echo through')).stdout)).toBe('through\n')
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('closing a host closes its jumps', async () => {
    await using bastion = await sshServer()
    await using server = await sshServer()
    const web1 = await connected(server.target({ jumps: [bastion.target({ name: 'bastion' })] }))
    await web1.close()
    await expect.poll(() => bastion.stats.open).toBe(0)
  })

  test('the host key of a jump is checked and named', async () => {
    await using bastion = await sshServer()
    await using server = await sshServer()
    const jumps = [bastion.target({ name: 'bastion', hostKeys: [makeKey().public] })]
    const error = await failure(connected(server.target({ jumps })))
    expect(error).toBeInstanceOf(HostKeyError)
    expect(error).toMatchObject({ host: 'bastion' })
  })

  test('the host key behind a jump is checked, and the jump is closed', async () => {
    await using bastion = await sshServer()
    await using server = await sshServer()
    const jumps = [bastion.target({ name: 'bastion' })]
    const error = await failure(connected(server.target({ jumps, hostKeys: [makeKey().public] })))
    expect(error).toBeInstanceOf(HostKeyError)
    expect(error).toMatchObject({ host: 'web1' })
    await expect.poll(() => bastion.stats.open).toBe(0)
  })

  test('a jump that cannot reach the host says so under the name of the host', async () => {
    await using bastion = await sshServer({ route: () => undefined })
    await using server = await sshServer()
    const jumps = [bastion.target({ name: 'bastion' })]
    const error = await failure(connected(server.target({ jumps })))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      host: 'web1',
      hint: expect.stringContaining(`-J deploy@127.0.0.1:${bastion.port}`),
    })
    expect(String(error)).toContain('no way through bastion')
  })

  test('a jump lost in the middle of a command is a lost connection', async () => {
    await using bastion = await sshServer()
    await using server = await sshServer({ handler: hang })
    await using web1 = await connected(server.target({ jumps: [bastion.target({ name: 'bastion' })] }))
    const running = failure(web1.exec('hang'))
    await expect.poll(() => server.stats.sessions).toBe(1)
    bastion.dropAll()
    expect(await running).toBeInstanceOf(ConnectError)
  })

  test('a tunnel carries bytes both ways and ends on both sides', async () => {
    await using service = await shout()
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const tunnel = await web1.forward('127.0.0.1', service.port)
    const chunks: Buffer[] = []
    tunnel.end('hello')
    await pipeline(tunnel, async function (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) chunks.push(chunk)
    })
    expect(String(Buffer.concat(chunks))).toBe('HELLO')
    expect(tunnel.destroyed).toBe(true)
  })

  test('a tunnel moves more than the SSH window', async () => {
    await using service = await shout()
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const tunnel = await web1.forward('127.0.0.1', service.port)
    tunnel.end(Buffer.alloc(5_000_000, 'x'))
    let bytes = 0
    for await (const chunk of tunnel) bytes += Buffer.from(chunk).length
    expect(bytes).toBe(5_000_000)
  })

  test('destroying a tunnel closes it on the host', async () => {
    await using service = await shout()
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const tunnel = await web1.forward('127.0.0.1', service.port)
    tunnel.destroy()
    await once(tunnel, 'close')
    await expect(web1.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  })

  test('a tunnel fails when the connection is lost; it does not end', async () => {
    await using service = await shout()
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const tunnel = await web1.forward('127.0.0.1', service.port)
    const ended = failure(tunnel.toArray())
    server.dropAll()
    expect(await ended).toBeInstanceOf(ConnectError)
  })

  test('a refused tunnel leaves the connection usable', async () => {
    await using server = await sshServer({ route: () => undefined })
    await using web1 = await connected(server.target())
    await expect(web1.forward('127.0.0.1', 5432)).rejects.toMatchObject({
      code: 'command',
      message: expect.stringContaining('web1: no tunnel to 127.0.0.1:5432'),
    })
    await expect(web1.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  })
})
