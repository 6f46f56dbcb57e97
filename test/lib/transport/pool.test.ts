import { expect, test } from 'vitest'
import { AbortedError, ConnectError, HostKeyError } from '../../../lib/errors.ts'
import { createPool } from '../../../lib/transport/pool.ts'
import { recordingTransport, type RecordingTransport } from '../../../lib/transport/recording.ts'
import { connect as connectSsh } from '../../../lib/transport/connect.ts'
import type { Connect, Target } from '../../../lib/transport/transport.ts'
import { failure } from '../../support/ssh-connect.ts'
import { sshServer } from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

const { signal } = new AbortController()
const target = (name: string, more: Partial<Target> = {}): Target => ({
  name,
  address: '203.0.113.9',
  port: 22,
  user: 'deploy',
  hostKeys: [],
  ...more,
})
const broken = (host: string) =>
  new ConnectError('connection closed', {
    host,
    cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  })

/** A Connect that can be held, and counts. `fail` decides the outcome of each try of a host, from 1. */
function fakeConnect(fail: (host: string, attempt: number) => Error | undefined = () => undefined) {
  const tries = new Map<string, number>()
  const made: RecordingTransport[] = []
  const state = { open: 0, most: 0 }
  const connect: Connect = async ({ name, user }) => {
    const attempt = (tries.get(name) ?? 0) + 1
    tries.set(name, attempt)
    state.most = Math.max(state.most, ++state.open)
    await new Promise(resolve => setImmediate(resolve))
    state.open--
    const error = fail(name, attempt)
    if (error !== undefined) throw error
    const transport = recordingTransport({ host: name, user })
    made.push(transport)
    return transport
  }
  return { connect, tries, made, state }
}

test('callers share the one connection of a host and user', async () => {
  const fake = fakeConnect()
  const pool = createPool(fake.connect, { signal, timeout: 1000 })
  const [one, two] = await Promise.all([pool.open(target('web1')), pool.open(target('web1'))])
  expect(one).toBe(two)
  expect(await pool.open(target('web1'))).toBe(one)
  expect(await pool.open(target('web1', { user: 'root' }))).not.toBe(one)
  expect(fake.made.length).toBe(2)
})

test('handshakes are paced, and fewer go to one address', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `web${index}`)
  const fake = fakeConnect()
  const pool = createPool(fake.connect, { signal, timeout: 1000 })
  await Promise.all(names.map((name, index) => pool.open(target(name, { address: `203.0.113.${index}` }))))
  expect(fake.state.most).toBe(32)

  const one = fakeConnect()
  const crowded = createPool(one.connect, { signal, timeout: 1000 })
  await Promise.all(names.map(name => crowded.open(target(name))))
  expect(one.state.most).toBe(4)
})

test('hosts behind a jump share the one connection to it', async () => {
  await using bastion = await sshServer()
  await using server = await sshServer()
  const pool = createPool(connectSsh, { signal, timeout: 10_000 })
  const jumps = [bastion.target({ name: 'bastion' })]
  const hosts = Array.from({ length: 20 }, (_, index) => server.target({ name: `web${index}`, jumps }))
  const opened = await Promise.all(hosts.map(host => pool.open(host)))
  expect(opened.map(transport => transport.host)).toEqual(hosts.map(host => host.name))
  expect(bastion.stats.connections).toBe(1)
  await opened[0]?.close()
  await expect(opened[1]?.exec('true')).resolves.toMatchObject({ exitCode: 0 })

  bastion.dropAll()
  await expect(opened[2]?.exec('true')).rejects.toThrow(ConnectError)
  await expect(pool.open(server.target({ name: 'web2', jumps }))).resolves.toMatchObject({ host: 'web2' })
  expect(bastion.stats.connections).toBe(2)
  await pool.closeAll()
  await expect.poll(() => bastion.stats.open + server.stats.open).toBe(0)
})

test('silent hosts, more than the handshakes at once, hold nobody up', async () => {
  const held: (() => void)[] = []
  const fake = fakeConnect()
  const connect: Connect = (host, given) =>
    host.name.startsWith('silent')
      ? new Promise((_, reject) =>
          held.push(() => reject(new ConnectError('timed out', { host: host.name }))),
        )
      : fake.connect(host, given)
  const pool = createPool(connect, { signal, timeout: 60_000, concurrency: 3 })
  const silent = Array.from({ length: 5 }, (_, index) =>
    failure(pool.open(target(`silent${index}`, { address: `198.51.100.${index}` }))),
  )
  await expect(pool.open(target('web1'))).resolves.toMatchObject({ host: 'web1' })
  expect(held.length).toBe(5)
  for (const end of held) end()
  await Promise.all(silent)
})

test('40 connections to one server stay under the cap, and all come', async () => {
  await using server = await sshServer()
  const pool = createPool(connectSsh, { signal, timeout: 20_000, concurrency: 6 })
  const hosts = Array.from({ length: 40 }, (_, index) => server.target({ name: `web${index}` }))
  const results = await Promise.all(
    hosts.map(async host => (await pool.open(host)).exec(`echo ${host.name}`)),
  )
  expect(results.map(result => String(result.stdout).trim())).toEqual(hosts.map(host => host.name))
  expect(server.stats.connections).toBe(40)
  expect(server.stats.maxHandshakes).toBeLessThanOrEqual(4)
  expect(server.stats.open).toBe(40)
  await pool.closeAll()
  await expect.poll(() => server.stats.open).toBe(0)
})

test('a connection that the network broke off is tried again, five times in all', async () => {
  const fake = fakeConnect((host, attempt) => (host === 'down' || attempt < 4 ? broken(host) : undefined))
  const pool = createPool(fake.connect, { signal, timeout: 1000, retryAfter: 1 })
  await expect(pool.open(target('web1'))).resolves.toMatchObject({ host: 'web1' })
  await expect(pool.open(target('down'))).rejects.toThrow(ConnectError)
  expect([fake.tries.get('web1'), fake.tries.get('down')]).toEqual([4, 5])
})

test.each(TRANSPORTS)(
  'a server that hangs up before the handshake, as at its MaxStartups: %s',
  async transport => {
    await using server = await sshServer({ hangUps: 3, transport })
    const pool = createPool(connectSsh, { signal, timeout: 10_000, retryAfter: 1 })
    await expect(pool.open(server.target())).resolves.toMatchObject({ host: 'web1' })
    expect(server.stats.connections).toBe(4)
    await pool.closeAll()
  },
)

test.each([
  ['a refused login', new ConnectError('permission denied', { cause: new Error('All methods failed') })],
  ['a refused host key', new HostKeyError('another key')],
  [
    'a timeout',
    new ConnectError('timed out', { cause: Object.assign(new Error('x'), { code: 'ETIMEDOUT' }) }),
  ],
])('%s is not tried again, and not kept for ever', async (_name, error) => {
  const fake = fakeConnect((_host, attempt) => (attempt === 1 ? error : undefined))
  const pool = createPool(fake.connect, { signal, timeout: 1000 })
  await expect(pool.open(target('web1'))).rejects.toBe(error)
  expect(fake.tries.get('web1')).toBe(1)
  await expect(pool.open(target('web1'))).resolves.toMatchObject({ host: 'web1' })
})

test('a real refused login is tried once', async () => {
  await using server = await sshServer({ rejectAuth: true })
  const pool = createPool(connectSsh, { signal, timeout: 10_000 })
  await expect(pool.open(server.target())).rejects.toThrow('permission denied (publickey)')
  expect(server.stats.connections).toBe(1)
})

test('a lost connection is replaced by the next open', async () => {
  await using server = await sshServer()
  const pool = createPool(connectSsh, { signal, timeout: 10_000 })
  const first = await pool.open(server.target())
  server.dropAll()
  await expect(first.exec('true')).rejects.toThrow(ConnectError)
  const second = await pool.open(server.target())
  expect(second).not.toBe(first)
  await expect(second.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  await pool.closeAll()
})

test('closeAll closes what is open, stops what is opening, and opens nothing after', async () => {
  await using server = await sshServer({ beforeLogin: () => new Promise(() => undefined) })
  const fake = fakeConnect()
  const connect: Connect = (host, options) =>
    host.name === 'slow' ? connectSsh(host, options) : fake.connect(host, options)
  const pool = createPool(connect, { signal, timeout: 10_000 })
  await pool.open(target('web1'))
  const opening = failure(pool.open(server.target({ name: 'slow' })))
  await expect.poll(() => server.stats.logins.length).toBe(1)
  await pool.closeAll()
  expect(await opening).toBeInstanceOf(AbortedError)
  expect(fake.made.map(transport => transport.closed)).toEqual([true])
  expect(await failure(pool.open(target('web2')))).toBeInstanceOf(AbortedError)
})
