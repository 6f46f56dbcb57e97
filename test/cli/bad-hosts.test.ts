import { createServer } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { runTask } from '../../lib/task/run.ts'
import { cli } from '../support/cli.ts'
import { SHOP, shopFolder } from '../support/shop.ts'
import { makeKey, sshServer, type SshServer } from '../support/ssh-server.ts'

/** The shop with only its sync host, which stands at this port and is known by this key. */
function project(port: number, key: string, identityFile: string): string {
  const text = SHOP.replace(
    /hosts: \{[^]*?\n {2}\},/,
    `hosts: { sync1: { role: 'sync', address: '127.0.0.1', port: ${port}, hostKeys: ['${key}'] } },`,
  )
    .replace(/ {4}web: \{\n {6}kind[^]*?\n {4}\},\n/, '')
    .replace(/ {2}users: .*\n/, '')
    .replace("user: 'deploy',", `user: 'deploy', identityFile: '${identityFile}',`)
  return shopFolder(text)
}
const fleet = (line: string, cwd: string) =>
  cli([...line.split(' '), '--timeout', '2s'], {
    cwd,
    runTask: (task, params, environment) => runTask(task, params, environment),
  })
const of = (server: SshServer, key = server.target().hostKeys[0] ?? '') =>
  project(server.port, key, server.identityFile)

const COMMANDS = [
  'deploy sync --release v1',
  'provision',
  'workers set --count 1',
  'logs 53c1f0d5b0d9f5a8e4000001',
]

describe('a changed host key', async () => {
  const server = await sshServer()
  const cwd = of(server, makeKey().public)
  afterAll(() => server[Symbol.asyncDispose]())

  test.each(COMMANDS)('fleet %s', async line => {
    const { stderr, exitCode } = await fleet(line, cwd)
    expect(stderr).toMatch(
      /^ {2}sync1: 127\.0\.0\.1:\d+ shows the host key ssh-ed25519 SHA256:\S+, but ssh-ed25519 SHA256:\S+ is pinned$/m,
    )
    expect(stderr).toMatch(/^hint: was the host rebuilt\? .*ssh-keygen -lf/m)
    expect(exitCode).toBe(5)
    expect(server.stats).toMatchObject({ commands: [], logins: [] })
  })

  test('fleet status has a line for it, and still ends with 5', async () => {
    const { stdout, stderr, exitCode } = await fleet('status', cwd)
    expect(stdout).toMatch(/^sync1 +sync +- +- +other host key/m)
    expect(stderr).toMatch(
      /sync1: .*shows the host key ssh-ed25519 SHA256:\S+, but ssh-ed25519 SHA256:\S+ is pinned/,
    )
    expect(exitCode).toBe(5)
    expect(server.stats).toMatchObject({ commands: [], logins: [] })
  })
})

test.each(COMMANDS.slice(0, 2))('a login that is refused: fleet %s', async line => {
  await using server = await sshServer({ rejectAuth: true })
  const { stderr, exitCode } = await fleet(line, of(server))
  expect(stderr).toMatch(/sync1: permission denied \(publickey\) for \S+@127\.0\.0\.1:\d+/)
  expect(stderr).toMatch(/^hint: ssh /m)
  expect(exitCode).toBe(5)
  expect(server.stats.commands).toEqual([])
})

test.each(COMMANDS.slice(0, 1))('nobody listens: fleet %s', async line => {
  const listener = createServer()
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise(resolve => listener.close(resolve))
  await using server = await sshServer()
  const { stderr, exitCode } = await fleet(line, project(port, makeKey().public, server.identityFile))
  expect(stderr).toMatch(/sync1: connection refused by 127\.0\.0\.1:\d+/)
  expect(stderr).toMatch(/^hint: ssh /m)
  expect(exitCode).toBe(5)
})

test('a host that says nothing is given up in time', async () => {
  const listener = createServer(() => undefined)
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await using server = await sshServer()
  const cwd = project(port, makeKey().public, server.identityFile)
  const { stderr, exitCode } = await fleet('deploy sync --release v1', cwd)
  expect(stderr).toMatch(/sync1: timed out after 2 s connecting to 127\.0\.0\.1:\d+/)
  expect(exitCode).toBe(5)
  listener.close()
})
