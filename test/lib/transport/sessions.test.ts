import { describe, expect, test } from 'vitest'
import { TimeoutError } from '../../../lib/errors.ts'
import { connected, failure } from '../../support/ssh-connect.ts'
import {
  respond,
  sshServer as startServer,
  type ExecHandler,
  type SshServerOptions,
} from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

describe.each(TRANSPORTS)('%s', transport => {
  const sshServer = (options: SshServerOptions = {}) => startServer({ transport, ...options })

  test('at most 4 channels are open at once', async () => {
    let open = 0
    let most = 0
    const handler: ExecHandler = request => {
      most = Math.max(most, ++open)
      setImmediate(() => {
        open--
        respond({ stdout: request.command.split('; ').at(-1) ?? '' })(request)
      })
    }
    await using server = await sshServer({ handler })
    await using web1 = await connected(server.target())
    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => web1.exec(`${index}`)))
    expect(results.map(result => Number(result.stdout))).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    )
    // A process that starts a command takes longer than the command: it need not be four.
    expect(most).toBeGreaterThan(transport === 'ssh' ? 3 : 0)
    expect(most).toBeLessThanOrEqual(4)
    expect(web1.cost.executions).toBe(20)
  })

  test('a host that allows fewer channels is asked again', async () => {
    await using server = await sshServer({ maxSessions: 2 })
    await using web1 = await connected(server.target())
    const results = await Promise.all(Array.from({ length: 8 }, (_, index) => web1.exec(`echo ${index}`)))
    expect(results.map(result => Number(result.stdout))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(server.stats.refusedSessions).toBeGreaterThan(0)
    expect(web1.cost.executions).toBe(8)
  })

  test('a stream is whole after a channel was refused', async () => {
    await using server = await sshServer({ maxSessions: 1 })
    await using web1 = await connected(server.target())
    async function* stream(index: number) {
      yield Buffer.from(`in ${index}, `)
      yield Buffer.from('whole')
    }
    const results = await Promise.all(
      Array.from({ length: 4 }, (_, index) => web1.exec('cat', { stdin: stream(index) })),
    )
    expect(results.map(result => String(result.stdout))).toEqual(
      Array.from({ length: 4 }, (_, index) => `in ${index}, whole`),
    )
    expect(server.stats.refusedSessions).toBeGreaterThan(0)
  })

  test('a command that may end early makes room for another', async () => {
    await using server = await sshServer({ maxSessions: 1 })
    await using web1 = await connected(server.target())
    let end: (last: Buffer) => void = () => undefined
    const last = new Promise<Buffer>(resolve => (end = resolve))
    async function* stream() {
      yield Buffer.from('first, ')
      yield await last
    }
    const early = web1.exec('cat', { stdin: stream(), onCrowded: () => end(Buffer.from('made room')) })
    await expect.poll(() => server.stats.sessions).toBe(1)
    expect(String((await web1.exec('echo there')).stdout)).toBe('there\n')
    expect(String((await early).stdout)).toBe('first, made room')
  })

  test('a host that allows no channel is an error in the end, and a timeout ends the asking', async () => {
    await using server = await sshServer({ maxSessions: 0 })
    await using web1 = await connected(server.target())
    await expect(web1.exec('x', { timeout: 60 })).rejects.toThrow(TimeoutError)
    const error = await failure(web1.exec('x'))
    expect(error).toMatchObject({ message: 'web1: the host opens no more sessions', code: 'connect' })
  })
})
