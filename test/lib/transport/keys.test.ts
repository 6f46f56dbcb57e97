import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AbortedError } from '../../../lib/errors.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import { connect } from '../../../lib/transport/connect.ts'
import { isEncrypted } from '../../../lib/transport/identity-file.ts'
import { Keyring, type SecretQuestion } from '../../../lib/transport/keyring.ts'
import type { Target } from '../../../lib/transport/transport.ts'
import { folder } from '../../support/folder.ts'
import { failure } from '../../support/ssh-connect.ts'
import { makeKey, sshServer, type KeyPair } from '../../support/ssh-server.ts'
import { TRANSPORTS } from '../../support/transports.ts'

const hasAgent = spawnSync('ssh-agent', ['-h']).error === undefined

/** A file with a private key, and its public half beside it. */
function keyFile(key: KeyPair, name = 'id'): string {
  const path = join(folder(), name)
  writeFileSync(path, key.private, { mode: 0o600 })
  writeFileSync(`${path}.pub`, key.public)
  return path
}

/** An agent that holds these keys, in their order. */
function agentWith(keys: readonly KeyPair[]): string {
  const socket = join(folder(), 'agent')
  const said = execFileSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' })
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1])
  onTestFinished(() => {
    process.kill(pid)
  })
  for (const key of keys) {
    execFileSync('ssh-add', ['-q', keyFile(key)], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: 'ignore',
    })
  }
  return socket
}

async function login(target: Target, keyring?: Keyring): Promise<number> {
  const { signal } = new AbortController()
  const transport = await connect(target, {
    signal,
    timeout: 10_000,
    ...(keyring === undefined ? {} : { keyring }),
  })
  const { exitCode } = await transport.exec('true')
  await transport.close()
  return exitCode
}

function asker(...answers: readonly string[]) {
  const asked: SecretQuestion[] = []
  const left = [...answers]
  return {
    asked,
    keyring: new Keyring(async question => {
      asked.push(question)
      const answer = left.shift()
      if (answer === undefined) throw new AbortedError('stopped at the question')
      return new Secret('typed', answer)
    }),
  }
}

test('an encrypted key is known by its header', () => {
  expect(isEncrypted(makeKey('ed25519', 'hush').private)).toBe(true)
  expect(isEncrypted(makeKey().private)).toBe(false)
  expect(isEncrypted(makeKey('rsa').private)).toBe(false)
  expect(isEncrypted('nonsense')).toBe(false)
})

test('the passphrase is asked for once for all hosts, and again when it was wrong', async () => {
  const clientKey = makeKey('ed25519', 'hush')
  const identityFile = keyFile(clientKey)
  await using one = await sshServer({ clientKey })
  await using two = await sshServer({ clientKey })
  const { asked, keyring } = asker('wrong', 'hush')
  const logins = [one, two, one].map(server => login(server.target({ identityFile }), keyring))
  expect(await Promise.all(logins)).toEqual([0, 0, 0])
  expect(asked).toEqual([
    { message: `Passphrase of ${identityFile}:`, again: false },
    { message: `Passphrase of ${identityFile}:`, again: true },
  ])
})

test('a passphrase that is wrong three times ends it, without a connection', async () => {
  const clientKey = makeKey('ed25519', 'hush')
  const identityFile = keyFile(clientKey)
  await using server = await sshServer({ clientKey })
  const { asked, keyring } = asker('a', 'b', 'c', 'hush')
  expect(await failure(login(server.target({ identityFile }), keyring))).toMatchObject({
    message: `web1: the identity file ${identityFile} is encrypted`,
    hint: `ssh-add ${identityFile}`,
  })
  expect([asked.length, server.stats.connections]).toEqual([3, 0])
  expect(await failure(login(server.target({ identityFile }), asker().keyring))).toBeInstanceOf(AbortedError)
})

test('without a terminal an encrypted key is an error that says what to do', async () => {
  const identityFile = keyFile(makeKey('ed25519', 'hush'))
  await using server = await sshServer()
  expect(await failure(login(server.target({ identityFile }), new Keyring()))).toMatchObject({
    code: 'connect',
    exitCode: 5,
    hint: `ssh-add ${identityFile}`,
  })
})

describe.runIf(hasAgent).each(TRANSPORTS)('an agent, through %s', transport => {
  test("the key of the identity file is offered before the agent's others, and nothing is asked", async () => {
    const plain = makeKey()
    const others = Array.from({ length: 6 }, () => makeKey())
    const agent = agentWith([...others, plain])
    // The file itself is encrypted: only the agent can sign.
    const identityFile = join(folder(), 'id')
    writeFileSync(identityFile, makeKey('ed25519', 'hush').private, { mode: 0o600 })
    writeFileSync(`${identityFile}.pub`, plain.public)
    await using server = await sshServer({ clientKey: plain, transport })
    const { asked, keyring } = asker()
    expect(await login(server.target({ identityFile, agent }), keyring)).toBe(0)
    expect(asked).toEqual([])
    expect(server.stats.logins.filter(way => way.endsWith('publickey')).length).toBeLessThanOrEqual(2)
  })

  test('IdentitiesOnly keeps the others back', async () => {
    const [ours, theirs] = [makeKey(), makeKey()]
    const agent = agentWith([theirs])
    const identityFile = keyFile(ours)
    await using server = await sshServer({ clientKey: theirs, transport })
    const target = server.target({ identityFile, agent })
    expect(await failure(login({ ...target, identitiesOnly: true }))).toMatchObject({ code: 'login-refused' })
    expect(await login(target)).toBe(0)
  })
})
