import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { ConnectError, HostKeyError } from '../../../lib/errors.ts'
import { runSession, withSession } from '../../../lib/transport/session.ts'
import type { Target } from '../../../lib/transport/transport.ts'
import { failure } from '../../support/ssh-connect.ts'
import { sshServer, makeKey, shell } from '../../support/ssh-server.ts'
import { execa } from 'execa'
import { folder } from '../../support/folder.ts'

const key = makeKey().public
const target = (more: Partial<Target> = {}): Target => ({
  name: 'web1',
  address: '203.0.113.9',
  port: 2222,
  user: 'deploy',
  hostKeys: [key],
  identityFile: "/home/ann/100% \\ my key's",
  ...more,
})

test('OpenSSH reads what was meant, through jumps', async () => {
  const jump = target({ name: 'lb1', address: '2001:db8::1', port: 22 })
  await withSession(target({ jumps: [jump] }), folder(), async args => {
    const shown = execFileSync('ssh', ['-G', ...args], { encoding: 'utf8' }).split('\n')
    expect(shown).toEqual(
      expect.arrayContaining([
        'hostname 203.0.113.9',
        'port 2222',
        'user deploy',
        'stricthostkeychecking true',
        'identityagent none',
        'proxyjump hop0',
        'globalknownhostsfile none',
      ]),
    )
    const [, config = ''] = args
    expect(readFileSync(config, 'utf8')).toContain('HostName 2001:db8::1')
  })
})

test("what the operator's config says of the login is taken", async () => {
  const given = target({
    moreIdentityFiles: ['/home/ann/.ssh/id "2"'],
    identitiesOnly: true,
    agent: '/run/agent',
    hostKeyAlias: 'web1.example.org',
    openssh: {
      alias: 'web',
      proxyCommand: 'connect "%n" %h %%n',
      certificateFiles: ['/home/ann/cert'],
      pkcs11Provider: '/usr/lib/p11.so',
      securityKeyProvider: '/usr/lib/sk.so',
    },
  })
  await withSession(given, folder(), async args => {
    const shown = execFileSync('ssh', ['-G', ...args], { encoding: 'utf8' }).split('\n')
    expect(shown).toEqual(
      expect.arrayContaining([
        "identityfile /home/ann/100%% \\ my key's",
        'identityfile /home/ann/.ssh/id "2"',
        'identitiesonly yes',
        'identityagent /run/agent',
        'hostkeyalias web1.example.org',
        'proxycommand connect "web" %h %%n',
        'certificatefile /home/ann/cert',
        'pkcs11provider /usr/lib/p11.so',
        'securitykeyprovider /usr/lib/sk.so',
      ]),
    )
  })
})

test('a host certificate of a known authority is enough', async () => {
  const given = target({ hostKeys: [], authorities: [key], hostKeyAlias: 'web1.example.org' })
  await withSession(given, folder(), async ([, config = '']) => {
    expect(readFileSync(`${dirname(config)}/known_hosts0`, 'utf8')).toBe(
      `@cert-authority web1.example.org ${key}\n`,
    )
  })
})

test('a session logs in with the pinned key and no other, and leaves no file', async () => {
  await using server = await sshServer()
  const ssh = (given: Target) =>
    withSession(given, folder(), async args => {
      const { exitCode, stdout, stderr } = await execa('ssh', [...args, '--', 'echo hello; exit 7'], {
        reject: false,
        stdin: 'ignore',
      })
      return { exitCode, stdout, stderr, config: args[1] ?? '' }
    })
  const good = await ssh(server.target())
  expect(good).toMatchObject({ exitCode: 7, stdout: 'hello' })
  expect(existsSync(dirname(good.config))).toBe(false)

  const bad = await ssh(server.target({ hostKeys: [key] }))
  expect(bad.exitCode).toBe(255)
  expect(bad.stderr).toContain('Host key verification failed')
  expect(server.stats.commands).toHaveLength(1)

  const revoked = await ssh(server.target({ revokedKeys: server.target().hostKeys }))
  expect(revoked.exitCode).toBe(255)
  expect(revoked.stderr).toContain('REVOKED')
  expect(server.stats.commands).toHaveLength(1)
})

test.each([
  ['no pinned key', { hostKeys: [] }],
  ['a jump without one', { jumps: [target({ hostKeys: [] })] }],
])('%s is refused', async (_, more) => {
  expect(await failure(withSession(target(more), folder(), async () => 0))).toBeInstanceOf(HostKeyError)
})

test.each([
  { address: 'a"\n  ProxyCommand touch /tmp/x\n"' },
  { identityFile: 'a"\n  ProxyCommand touch /tmp/x\n"' },
  { openssh: { proxyCommand: 'x\n  StrictHostKeyChecking no' } },
])('no value becomes a line of its own: %j', async more => {
  const evil = target(more)
  expect(await failure(withSession(evil, folder(), async () => 0))).toMatchObject({ exitCode: 2 })
})

test("a command's own code is its own, and what ssh itself fails with is an error that says why", async () => {
  await using server = await sshServer({
    handler: request => {
      if (request.command === 'drop') request.drop()
      else shell(request)
    },
  })
  const run = (given: Target, line: string) =>
    runSession(given, folder(), async args => {
      const { exitCode = -1, stderr } = await execa('ssh', [...args, '--', line], {
        reject: false,
        stdin: 'ignore',
      })
      // What ssh says for itself is for the error alone; of a cut it says a word at times.
      expect(stderr).toMatch(/^(Connection to \S+ closed by remote host\.\s*)?$/)
      return exitCode
    })
  const good = server.target()
  for (const code of [0, 7, 255]) expect(await run(good, `exit ${code}`)).toBe(code)
  expect(await run(good, 'kill -KILL $$')).toBe(255)

  const lost = await failure(run(good, 'drop'))
  expect(lost).toBeInstanceOf(ConnectError)
  expect(lost).toMatchObject({
    exitCode: 5,
    message: expect.stringContaining('web1: the connection to deploy@127.0.0.1'),
  })
  const wrong = await failure(run(server.target({ hostKeys: [key] }), 'true'))
  expect(wrong).toBeInstanceOf(HostKeyError)
  expect(String(wrong)).toMatch(
    /shows the host key ssh-ed25519 SHA256:\S+, but ssh-ed25519 SHA256:\S+ is pinned/,
  )
  const refused = await failure(run(server.target({ port: 1 }), 'true'))
  expect(refused).toMatchObject({ exitCode: 5, message: 'web1: connection refused by 127.0.0.1:1' })
})
