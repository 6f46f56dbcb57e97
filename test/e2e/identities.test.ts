import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../lib/shell/secret.ts'
import { connect } from '../../lib/transport/connect.ts'
import { Keyring } from '../../lib/transport/keyring.ts'
import { containerSsh } from '../support/container-ssh.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { folder } from '../support/folder.ts'
import { labContainer } from '../support/lab-container.ts'
import { failure } from '../support/ssh-connect.ts'
import type { Target } from '../../lib/transport/transport.ts'

const machine = labContainer(`${process.env.FLEET_LAB ?? 'fleet'}-identities`)
const has = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some(place => existsSync(join(place, program)))

/** Debian's software token and the program that makes keys on it. */
const SOFTHSM = '/usr/lib/softhsm/libsofthsm2.so'
const noToken = !existsSync(SOFTHSM) || !has('pkcs11-tool')
if (noToken) console.warn('no PKCS#11 key is tried: apt-get install softhsm2 opensc')

describe.skipIf(machine === undefined)('ways to log in to a real sshd', () => {
  let root: DockerTransport
  let host: Target
  const home = folder()
  const { signal } = new AbortController()
  const key = (name: string, ...more: readonly string[]): string => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, name), ...more])
    return join(home, name)
  }
  const login = async (target: Target, keyring?: Keyring) => {
    const transport = await connect(
      { ...target, transport: 'openssh' },
      { signal, timeout: 10_000, ...(keyring === undefined ? {} : { keyring }) },
    )
    const { stdout } = await transport.exec('id -un')
    await transport.close()
    return stdout.toString().trim()
  }
  const admit = (publicKey: string) =>
    root.run(
      `echo '${publicKey.trim()}' >/home/ops/.ssh/authorized_keys; chown -R ops: /home/ops/.ssh; chmod 700 /home/ops/.ssh`,
    )
  /** Answers in their order, and what was asked. */
  const typing = (...answers: readonly string[]) => {
    const asked: string[] = []
    const keyring = new Keyring(question => {
      asked.push(question.message)
      return Promise.resolve(new Secret('typed', answers[asked.length - 1] ?? 'nothing more'))
    })
    return { asked, keyring }
  }

  beforeAll(async () => {
    if (machine === undefined) return
    root = await machine.start()
    const { identityFile: _, ...place } = containerSsh(root)
    host = { ...place, user: 'ops' }
    root.run('useradd -m -s /bin/bash ops; install -d -m 700 -o ops -g ops /home/ops/.ssh')
  })
  afterAll(() => machine?.stop())

  describe.skipIf(noToken)('with a key on a PKCS#11 token', () => {
    const PIN = 'token-pin-4321'
    const onToken = (): Target => ({ ...host, openssh: { pkcs11Provider: SOFTHSM } })

    beforeAll(() => {
      const tokens = join(home, 'tokens')
      mkdirSync(tokens)
      writeFileSync(join(home, 'softhsm2.conf'), `directories.tokendir = ${tokens}\n`)
      process.env.SOFTHSM2_CONF = join(home, 'softhsm2.conf')
      const quiet = { stdio: 'ignore' } as const
      execFileSync(
        'softhsm2-util',
        ['--init-token', '--free', '--label', 'fleet', '--pin', PIN, '--so-pin', '87654321'],
        quiet,
      )
      execFileSync(
        'pkcs11-tool',
        [
          `--module=${SOFTHSM}`,
          '--token-label=fleet',
          `--pin=${PIN}`,
          '--keypairgen',
          '--key-type=EC:prime256v1',
          '--id=01',
        ],
        quiet,
      )
      admit(
        execFileSync('ssh-keygen', ['-D', SOFTHSM], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      )
    })

    test('the PIN is asked for once, whatever the number of hosts', async () => {
      const { asked, keyring } = typing(PIN)
      const names = ['web1', 'web2', 'web3'].map(name => login({ ...onToken(), name }, keyring))
      expect(await Promise.all(names)).toEqual(['ops', 'ops', 'ops'])
      expect(asked).toEqual(['PIN of fleet:'])
    })

    test('a wrong PIN reaches the token once, then it is asked for again', async () => {
      const { asked, keyring } = typing('wrong-pin', PIN)
      const names = ['web1', 'web2', 'web3'].map(name => login({ ...onToken(), name }, keyring))
      expect(await Promise.all(names)).toEqual(['ops', 'ops', 'ops'])
      expect(asked).toHaveLength(2)
    })

    test('without a right PIN it says so', async () => {
      const { asked, keyring } = typing('no', 'nor this', 'nor that')
      expect(await failure(login(onToken(), keyring))).toMatchObject({
        exitCode: 5,
        message: expect.stringMatching(/permission denied \(.*\) for ops@.*; the token/),
      })
      expect(asked).toHaveLength(3)
      expect(await failure(login(onToken()))).toMatchObject({
        message: expect.stringContaining('the token wants its PIN, and nobody can be asked here'),
      })
      expect(
        await failure(login({ ...host, openssh: { pkcs11Provider: '/usr/lib/none.so' } })),
      ).toMatchObject({
        message: expect.stringContaining('/usr/lib/none.so'),
      })
    })

    test('the PIN is in no process and no file while it is used', async () => {
      const { keyring } = typing(PIN)
      const seen: string[] = []
      const watch = setInterval(
        () =>
          seen.push(
            execFileSync(
              'sh',
              [
                '-c',
                'ps axww -o args; cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"; grep -rl token-pin /tmp/fleet-??????/ 2>/dev/null; :',
              ],
              { encoding: 'utf8', maxBuffer: 1 << 28 },
            ),
          ),
        20,
      )
      expect(await login(onToken(), keyring)).toBe('ops')
      clearInterval(watch)
      expect(seen.length).toBeGreaterThan(0)
      expect(seen.join('\n').includes(PIN)).toBe(false)
    })
  })

  test('an encrypted identity file is asked for once, and again when it was wrong', async () => {
    const file = join(home, 'locked')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'open sesame', '-f', file])
    admit(readFileSync(`${file}.pub`, 'utf8'))
    const { asked, keyring } = typing('wrong', 'open sesame')
    const target = { ...host, identityFile: file }
    expect(await Promise.all([login(target, keyring), login(target, keyring)])).toEqual(['ops', 'ops'])
    expect(asked).toEqual([`Passphrase of ${file}:`, `Passphrase of ${file}:`])
    expect(await failure(login(target))).toMatchObject({ hint: `ssh-add ${file}` })
  })

  test('a key that lives in an agent alone', async () => {
    const file = key('in-agent')
    admit(readFileSync(`${file}.pub`, 'utf8'))
    const agent = join(home, 'agent')
    const process_ = spawn('ssh-agent', ['-D', '-a', agent], { stdio: 'ignore' })
    try {
      await expect.poll(() => existsSync(agent)).toBe(true)
      execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: agent } })
      rmSync(file)
      rmSync(`${file}.pub`)
      expect(await login({ ...host, agent })).toBe('ops')
      const plain = await connect({ ...host, agent }, { signal, timeout: 10_000 })
      expect((await plain.exec('id -un')).stdout.toString()).toBe('ops\n')
      await plain.close()
      execFileSync('ssh-add', ['-q', '-D'], { env: { ...process.env, SSH_AUTH_SOCK: agent } })
      expect(await failure(login({ ...host, agent }))).toMatchObject({ exitCode: 5 })
    } finally {
      process_.kill()
    }
  })

  test('a user certificate that an authority signed, and one for somebody else', async () => {
    const authority = key('user-ca')
    const file = key('certified')
    root.run(`rm /home/ops/.ssh/authorized_keys; echo '${readFileSync(`${authority}.pub`, 'utf8').trim()}' >/etc/ssh/user-ca.pub
echo 'TrustedUserCAKeys /etc/ssh/user-ca.pub' >/etc/ssh/sshd_config.d/ca.conf; systemctl reload ssh`)
    const sign = (principal: string) =>
      execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'ann', '-n', principal, `${file}.pub`])
    sign('somebody')
    expect(await failure(login({ ...host, identityFile: file }))).toMatchObject({ exitCode: 5 })
    sign('ops')
    // OpenSSH finds `<file>-cert.pub` by itself; a CertificateFile is named.
    expect(await login({ ...host, identityFile: file })).toBe('ops')
    execFileSync('mv', [`${file}-cert.pub`, join(home, 'elsewhere.pub')])
    expect(await failure(login({ ...host, identityFile: file }))).toMatchObject({ exitCode: 5 })
    expect(
      await login({
        ...host,
        identityFile: file,
        openssh: { certificateFiles: [join(home, 'elsewhere.pub')] },
      }),
    ).toBe('ops')
  })
})
