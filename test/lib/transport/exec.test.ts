import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AbortedError, CommandError, ConnectError, TimeoutError } from '../../../lib/errors.ts'
import { sh } from '../../../lib/shell/sh.ts'
import { connected, failure } from '../../support/ssh-connect.ts'
import {
  byteByByte,
  dropAfterExit,
  dropMidCommand,
  echo,
  endless,
  halfClose,
  hang,
  respond,
  sshServer as startServer,
  type SshServer,
  type SshServerOptions,
} from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

describe.each(TRANSPORTS)('%s', transport => {
  const sshServer = (options: SshServerOptions = {}) => startServer({ transport, ...options })
  /** The command got its signal: as one of SSH's, or from a second command that kills its group. */
  const ended = async (server: SshServer): Promise<void> => {
    if (transport === 'ssh') await expect.poll(() => server.stats.signals).toEqual(['TERM'])
    else await expect.poll(() => server.stats.commands.join('\n')).toContain('kill -TERM -')
  }

  test('a command gives its code, stdout and stderr', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const result = await web1.exec('printf out; printf err >&2; exit 3')
    expect({ ...result, stdout: String(result.stdout), stderr: String(result.stderr) }).toEqual({
      exitCode: 3,
      stdout: 'out',
      stderr: 'err',
    })
  })

  test('stderr with code 0 is a result', async () => {
    await using server = await sshServer({ handler: respond({ stderr: 'warning\n' }) })
    await using web1 = await connected(server.target())
    await expect(web1.exec('x')).resolves.toMatchObject({ exitCode: 0 })
  })

  test('without stdin the command reads its end at once', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    expect(String((await web1.exec('cat; echo end')).stdout)).toBe('end\n')
  })

  test('bytes go in and out as they are, more than the SSH window of 2 MiB', async () => {
    await using server = await sshServer({ handler: echo })
    await using web1 = await connected(server.target())
    const bytes = Buffer.alloc(5_000_000, Buffer.from(Array.from({ length: 256 }, (_, index) => index)))
    const { stdout } = await web1.exec('cat', { stdin: bytes })
    expect(stdout.equals(bytes)).toBe(true)
    expect(web1.cost).toEqual({ executions: 1, bytesSent: 5_000_003, bytesReceived: 5_000_000 })
  })

  test('a character that arrives byte by byte stays whole', async () => {
    await using server = await sshServer({ handler: byteByByte('naïve – 日本 🚀') })
    await using web1 = await connected(server.target())
    const { stdout, stderr } = await web1.exec('x')
    expect([String(stdout), String(stderr)]).toEqual(['naïve – 日本 🚀', 'naïve – 日本 🚀'])
  })

  test('output streams while the command runs; discarded stdout is not kept', async () => {
    await using server = await sshServer({ handler: respond({ stdout: 'one', stderr: 'two' }) })
    await using web1 = await connected(server.target())
    const seen: string[] = []
    const result = await web1.exec('x', {
      discardStdout: true,
      onStdout: chunk => seen.push(`out ${Buffer.from(chunk).toString()}`),
      onStderr: chunk => seen.push(`err ${Buffer.from(chunk).toString()}`),
    })
    expect(seen.sort()).toEqual(['err two', 'out one'])
    expect([String(result.stdout), String(result.stderr)]).toEqual(['', 'two'])
  })

  test('an error thrown by a listener fails the command, not the connection', async () => {
    await using server = await sshServer({ handler: respond({ stdout: 'one' }) })
    await using web1 = await connected(server.target())
    const listener = () => {
      throw new Error('parser broke')
    }
    await expect(web1.exec('x', { onStdout: listener })).rejects.toThrow('parser broke')
    await expect(web1.exec('x')).resolves.toMatchObject({ exitCode: 0 })
  })

  test.each([
    ['dropped in the middle', dropMidCommand],
    ['dropped after the exit code, before the end', dropAfterExit],
  ])('a connection %s is a ConnectError, never a result', async (_name, handler) => {
    await using server = await sshServer({ handler })
    await using web1 = await connected(server.target())
    const ran = await web1.exec('x').catch((thrown: unknown) => thrown)
    // OpenSSH tells the exit code once all output is there; the end of the connection may be noticed after that.
    const isWhole = transport === 'openssh' && handler === dropAfterExit && !(ran instanceof Error)
    if (isWhole) expect(ran).toMatchObject({ exitCode: 0, stdout: Buffer.from('partial\n') })
    const error = isWhole ? await failure(web1.exec('after')) : ran
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({ host: 'web1', hint: 'fleet status --on web1' })
    expect(String(error)).toContain(`web1: connection to 127.0.0.1:${server.port} lost`)
    await expect(web1.exec('y')).rejects.toThrow(ConnectError)
    await expect(web1.forward('127.0.0.1', 1)).rejects.toThrow(ConnectError)
  })

  test('a lost connection fails the commands that wait for their turn as well', async () => {
    await using server = await sshServer({ handler: hang })
    await using web1 = await connected(server.target())
    const commands = Array.from({ length: 9 }, (_, index) => failure(web1.exec(`${index}`)))
    await expect.poll(() => server.stats.sessions).toBe(4)
    server.dropAll()
    expect((await Promise.all(commands)).every(error => error instanceof ConnectError)).toBe(true)
  })

  test('a signal is an error that names it', async () => {
    await using server = await sshServer({ handler: respond({ signal: 'KILL' }) })
    await using web1 = await connected(server.target())
    const error = await failure(web1.exec('java -jar app.jar\nsecond line'))
    expect(error).toBeInstanceOf(CommandError)
    expect(error).toMatchObject({
      message: expect.stringContaining('web1: `java -jar app.jar...` '),
    })
    // OpenSSH's client does not say which signal it was.
    expect(String(error)).toMatch(transport === 'ssh' ? /was ended by SIGKILL$/ : /perhaps by a signal$/)
  })

  test.runIf(transport === 'ssh')('a real signal arrives by its name', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    await expect(web1.exec('kill -TERM $$')).rejects.toThrow('was ended by SIGTERM')
  })

  test('a channel closed without an exit code is an error', async () => {
    await using server = await sshServer({ handler: halfClose })
    await using web1 = await connected(server.target())
    await expect(web1.exec('x')).rejects.toThrow('web1: `x` ended without an exit code')
  })

  test('a timeout rejects, sends SIGTERM and leaves the connection usable', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const error = await failure(web1.exec('sleep 600', { timeout: 50 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ message: 'web1: `sleep 600` timed out after 0.05 s' })
    await ended(server)
    await expect(web1.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  })

  test('an abort rejects, sends SIGTERM and leaves the connection usable', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const stop = new AbortController()
    const running = failure(
      web1.exec('echo go; sleep 600', { signal: stop.signal, onStdout: () => stop.abort() }),
    )
    expect(await running).toBeInstanceOf(AbortedError)
    await ended(server)
    await expect(web1.exec('true')).resolves.toMatchObject({ exitCode: 0 })
  })

  test('a command that is given up has time to clean up', async () => {
    await using server = await sshServer()
    await using web1 = await connected(server.target())
    const file = join(mkdtempSync(join(tmpdir(), 'fleetfile-trap-')), 'cleaned')
    const stop = new AbortController()
    const script = sh`trap ${`echo said; echo yes > ${file}; exit`} TERM; echo go; while :; do sleep 0.05; done`
    const running = web1.exec(script.text, { signal: stop.signal, onStdout: () => stop.abort() })
    await expect(running).rejects.toThrow(AbortedError)
    await expect.poll(() => existsSync(file)).toBe(true)
  })

  test('endless output ends with the abort', async () => {
    await using server = await sshServer({ handler: endless })
    await using web1 = await connected(server.target())
    const stop = new AbortController()
    let bytes = 0
    const onStdout = (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes > 8_000_000) stop.abort()
    }
    const running = web1.exec('yes', { signal: stop.signal, onStdout, discardStdout: true })
    await expect(running).rejects.toThrow(AbortedError)
  })

  test('a command that was aborted before, or waits for its turn, sends nothing', async () => {
    await using server = await sshServer({ handler: hang })
    await using web1 = await connected(server.target())
    const stop = new AbortController()
    const four = Array.from({ length: 4 }, () => failure(web1.exec('hang')))
    await expect.poll(() => server.stats.sessions).toBe(4)
    const fifth = failure(web1.exec('fifth', { signal: stop.signal }))
    stop.abort()
    expect(await fifth).toBeInstanceOf(AbortedError)
    expect(await failure(web1.exec('sixth', { signal: stop.signal }))).toBeInstanceOf(AbortedError)
    await web1.close()
    await Promise.all(four)
    expect(server.stats.commands.map(command => command.slice(-4))).toEqual(['hang', 'hang', 'hang', 'hang'])
  })

  test('close is idempotent and ends running commands', async () => {
    await using server = await sshServer({ handler: hang })
    const web1 = await connected(server.target())
    const running = failure(web1.exec('hang'))
    await expect.poll(() => server.stats.sessions).toBe(1)
    await Promise.all([web1.close(), web1.close()])
    await web1.close()
    expect(await running).toMatchObject({
      message: `web1: the connection to 127.0.0.1:${server.port} was closed`,
    })
  })
})
