import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { AbortedError, ConfigError, ConnectError, HostKeyError } from '../../../lib/errors.ts'
import { fingerprint, parsePublicKey } from '../../../lib/transport/host-key.ts'
import { connected, failure } from '../../support/ssh-connect.ts'
import {
  makeKey,
  sshServer as startServer,
  type SshServerOptions,
  type KeyPair,
} from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

const printOf = (key: KeyPair): string => fingerprint(parsePublicKey(key.public)?.blob ?? Buffer.alloc(0))

/** A port of the loopback; `hello` decides what a caller meets there: silence, nobody, or a line and the end. */
async function listener(hello: string) {
  const server = createServer(socket => {
    sockets.push(socket)
    if (hello !== 'silence') socket.on('error', () => undefined).end(`${hello}\r\n`)
  })
  const sockets: Socket[] = []
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  if (hello === 'nobody') await close()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return { port, [Symbol.asyncDispose]: async () => (hello === 'nobody' ? undefined : close()) }
}

describe.each(TRANSPORTS)('%s', transport => {
  const sshServer = (options: SshServerOptions = {}) => startServer({ transport, ...options })

  test.runIf(transport === 'ssh')(
    'it logs in with the identity file by one request: neither "none" nor a question comes first',
    async () => {
      await using server = await sshServer()
      await using web1 = await connected(server.target())
      expect([web1.host, web1.user]).toEqual(['web1', 'deploy'])
      expect(server.stats.logins).toEqual(['deploy publickey'])
    },
  )

  test.runIf(transport === 'ssh')("Nagle's algorithm is off on our socket", async () => {
    await using server = await sshServer()
    const spy = vi.spyOn(Socket.prototype, 'setNoDelay')
    await using _web1 = await connected(server.target())
    const ours = spy.mock.contexts.findIndex(
      socket => socket instanceof Socket && socket.remotePort === server.port,
    )
    expect(spy.mock.calls[ours]).toEqual([true])
    spy.mockRestore()
  })

  test('another host key is refused, with both fingerprints, before anything of ours is sent', async () => {
    const [pinned, shown] = [makeKey(), makeKey()]
    await using server = await sshServer({ hostKeys: [shown] })
    const error = await failure(connected(server.target({ hostKeys: [pinned.public] })))
    expect(error).toBeInstanceOf(HostKeyError)
    expect(String(error)).toContain(printOf(pinned))
    expect(String(error)).toContain(printOf(shown))
    expect(error).toMatchObject({ host: 'web1', hint: expect.stringContaining('ssh-keygen -lf') })
    expect(error).toMatchObject({ hint: expect.not.stringMatching(/StrictHostKeyChecking|ssh-keygen -R/) })
    expect(server.stats.logins).toEqual([])
  })

  test('no pinned key refuses every key and names the one shown', async () => {
    const shown = makeKey()
    await using server = await sshServer({ hostKeys: [shown] })
    const error = await failure(connected(server.target({ hostKeys: [] })))
    expect(error).toBeInstanceOf(HostKeyError)
    expect(String(error)).toContain(`no host key is pinned for 127.0.0.1:${server.port}`)
    expect(String(error)).toContain(printOf(shown))
    expect(server.stats.logins).toEqual([])
  })

  test('a key that changes between two connections is refused', async () => {
    await using server = await sshServer()
    const target = server.target()
    await using _first = await connected(target)
    server.setHostKeys([makeKey()])
    expect(await failure(connected(target))).toBeInstanceOf(HostKeyError)
  })

  test.each(['rsa', 'ecdsa', 'ed25519'] as const)('the pinned type is negotiated: %s', async type => {
    const keys = { ed25519: makeKey(), ecdsa: makeKey('ecdsa'), rsa: makeKey('rsa') }
    await using server = await sshServer({ hostKeys: Object.values(keys) })
    await using web1 = await connected(server.target({ hostKeys: [keys[type].public] }))
    await expect(web1.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  })

  test('a host that has no key of the pinned type is refused, with both fingerprints', async () => {
    const [pinned, shown] = [makeKey('rsa'), makeKey()]
    await using server = await sshServer({ hostKeys: [shown] })
    const error = await failure(connected(server.target({ hostKeys: [pinned.public] })))
    expect(error).toBeInstanceOf(HostKeyError)
    expect(String(error)).toContain(`ssh-rsa ${printOf(pinned)}`)
    expect(String(error)).toContain(`ssh-ed25519 ${printOf(shown)}`)
  })

  test('one of several pinned keys is enough', async () => {
    await using server = await sshServer()
    const target = server.target()
    await using web1 = await connected({ ...target, hostKeys: [makeKey().public, ...target.hostKeys] })
    await expect(web1.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  })

  test('a malformed pin is a ConfigError', async () => {
    await using server = await sshServer()
    const error = await failure(connected(server.target({ hostKeys: ['ssh-ed25519 nonsense'] })))
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain('"ssh-ed25519 nonsense"')
  })

  test('a refused login says who, where and how, and what to try', async () => {
    await using server = await sshServer({ rejectAuth: true })
    const error = await failure(connected(server.target()))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      message: `web1: permission denied (publickey) for deploy@127.0.0.1:${server.port}`,
      hint: `ssh -v -i ${server.identityFile} -p ${server.port} deploy@127.0.0.1`,
    })
  })

  test('an encrypted identity file without an agent points to the agent', async () => {
    await using server = await sshServer()
    const identityFile = join(mkdtempSync(join(tmpdir(), 'fleetfile-key-')), 'id')
    writeFileSync(identityFile, makeKey('ed25519', 'hush').private)
    const error = await failure(connected(server.target({ identityFile })))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      message: `web1: the identity file ${identityFile} is encrypted`,
      hint: expect.stringContaining('ssh-add'),
    })
  })

  test('an agent that is not there is an error of the agent', async () => {
    await using server = await sshServer()
    const { identityFile: _none, ...target } = server.target({ agent: '/nonexistent/agent.sock' })
    const error = await failure(connected(target))
    expect(error).toMatchObject({ code: 'connect', hint: 'ssh-add -l' })
  })

  test('nothing to log in with is an error before the connection', async () => {
    await using server = await sshServer()
    const { identityFile: _none, ...target } = server.target()
    await expect(connected(target)).rejects.toThrow('neither an identity file nor an SSH agent')
    expect(server.stats.connections).toBe(0)
    const error = await failure(connected({ ...target, identityFile: '/nonexistent/id' }))
    expect(String(error)).toContain('cannot read the identity file')
  })

  test('a closed port is refused', async () => {
    await using server = await sshServer()
    await using nobody = await listener('nobody')
    const error = await failure(connected(server.target({ port: nobody.port })))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      message: `web1: connection refused by 127.0.0.1:${nobody.port}`,
      hint: expect.stringContaining('ssh -v'),
    })
  })

  test('a name without an address is not found', async () => {
    await using server = await sshServer()
    const error = await failure(connected(server.target({ address: 'web1.invalid' })))
    // A machine without a name server says EAI_AGAIN.
    expect(String(error)).toMatch(
      /web1: (name not found: web1\.invalid|the name server did not answer for web1\.invalid)/,
    )
    expect(error).toMatchObject({ hint: 'getent hosts web1.invalid' })
  })

  test('a host that accepts and says nothing times out', async () => {
    await using server = await sshServer()
    await using silent = await listener('silence')
    const error = await failure(connected(server.target({ port: silent.port }), { timeout: 100 }))
    expect(error).toMatchObject({
      message: `web1: timed out after 0.1 s connecting to 127.0.0.1:${silent.port}`,
      hint: 'fleet status --on web1',
      code: 'connect',
    })
  })

  test('a slow login times out', async () => {
    await using server = await sshServer({ beforeLogin: () => new Promise(() => undefined) })
    const error = await failure(connected(server.target(), { timeout: 300 }))
    expect(String(error)).toContain('web1: timed out after 0.3 s')
  })

  test('a host that hangs up before the handshake is named so', async () => {
    await using server = await sshServer({ hangUps: 1 })
    const error = await failure(connected(server.target()))
    expect(error).toMatchObject({
      message: `web1: connection closed by 127.0.0.1:${server.port}`,
      code: 'connect',
    })
  })

  test.each([
    [
      'Not allowed at this time',
      /turns this address away for a while.*PerSourcePenalties/,
      /journalctl -u ssh/,
    ],
    ['Exceeded MaxStartups', /has too many unfinished logins at once \(MaxStartups/, /--concurrency/],
    ['busy\u001b[2J', /connection closed by 127.0.0.1:\d+: it said "busy/, /^ssh /],
  ])('sshd that says %j instead of its greeting is understood', async (line, message, hint) => {
    await using turning = await listener(line)
    await using server = await sshServer()
    const error = await failure(connected(server.target({ port: turning.port })))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
      cause: { code: 'ECONNRESET' },
    })
    expect(String(error)).not.toContain('\u001b')
  })

  test('an abort stops a connection at any stage', async () => {
    const stop = new AbortController()
    await using server = await sshServer({
      beforeLogin: () => {
        stop.abort()
        return new Promise(() => undefined)
      },
    })
    expect(await failure(connected(server.target(), { signal: stop.signal }))).toBeInstanceOf(AbortedError)
    await using silent = await listener('silence')
    const early = failure(connected(server.target({ port: silent.port }), { signal: AbortSignal.abort() }))
    expect(await early).toBeInstanceOf(AbortedError)
  })
})
