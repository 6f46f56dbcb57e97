import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ConnectError, HostKeyError } from '../../lib/errors.ts'
import { applyResources } from '../../lib/resource/apply.ts'
import * as kinds from '../../lib/resource/kinds/index.ts'
import { Secret } from '../../lib/shell/secret.ts'
import { connect } from '../../lib/transport/connect.ts'
import { Keyring } from '../../lib/transport/keyring.ts'
import type { Target } from '../../lib/transport/transport.ts'
import type { DockerTransport } from '../support/docker-transport.ts'
import { folder } from '../support/folder.ts'
import { labContainer } from '../support/lab-container.ts'
import { failure } from '../support/ssh-connect.ts'
import { makeKey } from '../support/ssh-server.ts'
import { TRANSPORTS } from '../support/transports.ts'

const NAME = `${process.env.FLEET_LAB ?? 'fleet'}-transport`
const machine = labContainer(NAME)

describe.skipIf(machine === undefined)('a real sshd', () => {
  let root: DockerTransport
  let host: Target
  const key = makeKey()
  const { signal } = new AbortController()
  const settings = { signal, timeout: 10_000 }
  const open = async (target: Target, keyring?: Keyring) => {
    const transport = await connect(target, { ...settings, ...(keyring === undefined ? {} : { keyring }) })
    return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() })
  }

  beforeAll(async () => {
    if (machine === undefined) return
    root = await machine.start()
    const identityFile = join(folder(), 'id')
    writeFileSync(identityFile, key.private, { mode: 0o600 })
    root.run(`
useradd -m -s /bin/bash ops; printf 'ops:hush\\n' | chpasswd
printf 'ops ALL=(ALL) ALL\\n' >/etc/sudoers.d/ops; chmod 0440 /etc/sudoers.d/ops
for user in root ops; do
  home=$(getent passwd "$user" | cut -d: -f6); mkdir -p "$home/.ssh"
  printf '%s\\n' '${key.public}' >>"$home/.ssh/authorized_keys"; chown -R "$user:" "$home/.ssh"; chmod 700 "$home/.ssh"
done
ssh-keygen -A >/dev/null; systemctl reset-failed ssh; systemctl restart ssh || { journalctl -u ssh --no-pager | tail; exit 1; }`)
    const inspect = ['inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', NAME]
    host = {
      name: 'web1',
      address: execFileSync('docker', inspect, { encoding: 'utf8' }).trim(),
      port: 22,
      user: 'ops',
      hostKeys: [root.run('cat /etc/ssh/ssh_host_ed25519_key.pub').split(' ').slice(0, 2).join(' ').trim()],
      identityFile,
    }
  })

  afterAll(() => machine?.stop())

  describe.each(TRANSPORTS)('through %s', transport => {
    const target = (more: Partial<Target> = {}): Target => ({ ...host, transport, ...more })

    test('codes, bytes, signals and a tunnel', async () => {
      await using web1 = await open(target({ user: 'root' }))
      const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 256))
      expect((await web1.exec('cat', { stdin: bytes })).stdout.equals(bytes)).toBe(true)
      expect((await web1.exec('exit 255')).exitCode).toBe(255)
      expect((await web1.exec('echo err >&2; exit 3')).stderr.toString()).toBe('err\n')
      await expect(web1.exec('kill -KILL $$')).rejects.toMatchObject({ code: 'command' })
      const tunnel = await web1.forward('127.0.0.1', 22)
      const banner = await new Promise(resolve =>
        tunnel.once('data', (chunk: Buffer) => resolve(chunk.toString())),
      )
      expect(banner).toMatch(/^SSH-2\.0-OpenSSH/)
      tunnel.destroy()
      await expect(web1.forward('127.0.0.1', 1).then(stream => stream.toArray())).rejects.toThrow('no tunnel')
    })

    test('a command that times out is ended on the host', async () => {
      await using web1 = await open(target())
      const line = `echo go; sleep 30${transport === 'ssh' ? 1 : 2}`
      await expect(web1.exec(line, { timeout: 1000 })).rejects.toMatchObject({ code: 'timeout' })
      const left = () => root.run(`pgrep -f '^sleep 30${transport === 'ssh' ? 1 : 2}' || echo none`).trim()
      await expect.poll(left, { timeout: 10_000 }).toBe('none')
    })

    test('a connection that sshd drops is lost, never a result', async () => {
      await using web1 = await open(target())
      const running = failure(
        web1.exec('echo go; sleep 60', { onStdout: () => root.run('pkill -KILL -u ops sshd; :') }),
      )
      expect(await running).toBeInstanceOf(ConnectError)
    })

    test('another key, and a revoked one, are refused with their fingerprints', async () => {
      const other = makeKey().public
      const error = await failure(
        open(target({ hostKeys: [other], pinnedIn: { [other]: '/home/ann/.ssh/known_hosts:3' } })),
      )
      expect(error).toBeInstanceOf(HostKeyError)
      expect(error).toMatchObject({
        message: expect.stringMatching(
          /shows the host key ssh-ed25519 SHA256:\S+, but ssh-ed25519 SHA256:\S+ is pinned in \/home\/ann\/\.ssh\/known_hosts:3/,
        ),
        exitCode: 5,
      })
      const revoked = await failure(open(target({ revokedKeys: host.hostKeys })))
      expect(revoked).toBeInstanceOf(HostKeyError)
      expect(String(revoked)).toContain('is revoked')
    })

    test('sudo with a password: asked once, resources applied twice, the password nowhere', async () => {
      let asked = 0
      const keyring = new Keyring(async () => {
        asked += 1
        return new Secret('typed', asked === 1 ? 'wrong' : 'hush')
      })
      await using web1 = await open(target(), keyring)
      const path = `/etc/fleet-${transport}`
      const apply = () =>
        applyResources(web1, [kinds.file({ path, content: 'x\n' })], {
          mode: 'apply',
          root: true,
          timeout: 30_000,
          runId: 'run-1',
          owner: 'ann',
          emit: () => undefined,
          signal,
        })
      expect((await apply()).changes.length).toBe(1)
      expect((await apply()).changes.length).toBe(0)
      expect(asked).toBe(2)
      // Whatever the host remembers of us, and also once it asks nothing: what the command reads is its own.
      for (const line of [
        'Defaults timestamp_timeout=0',
        'Defaults use_pty',
        'ops ALL=(ALL) NOPASSWD: ALL',
      ]) {
        root.run(`printf '%s\\n' '${line}' >>/etc/sudoers.d/ops; visudo -cqf /etc/sudoers.d/ops`)
        const { stdout } = await web1.exec('id -u; cat; ps axww -o args', { root: true, stdin: 'in\nput\n' })
        expect(stdout.toString()).toMatch(/^0\nin\nput\n/)
        expect(stdout.toString()).not.toContain('hush')
      }
      expect(root.run('journalctl --no-pager | grep -c hush || :').trim()).toBe('0')
      root.run(`printf 'ops ALL=(ALL) ALL\\n' >/etc/sudoers.d/ops`)
    })

    test('sudo with a password and nobody to ask: an error, and nothing ran', async () => {
      await using web1 = await open(target())
      expect(await failure(web1.exec('touch /tmp/ran', { root: true }))).toMatchObject({
        exitCode: 4,
        hint: 'let ops use sudo without a password, or run at a terminal',
      })
      expect(root.run('ls /tmp').includes('ran')).toBe(false)
    })
  })

  test.runIf(TRANSPORTS.includes('openssh'))('a host certificate counts through OpenSSH alone', async () => {
    const authority = join(folder(), 'ca')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', authority])
    const certificate = join(
      folder({ 'host.pub': root.run('cat /etc/ssh/ssh_host_ed25519_key.pub') }),
      'host.pub',
    )
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'web1', '-h', '-n', host.address, certificate])
    const signed = execFileSync('cat', [certificate.replace('.pub', '-cert.pub')], { encoding: 'utf8' })
    root.run(`printf '%s' '${signed}' >/etc/ssh/host-cert.pub
printf 'HostCertificate /etc/ssh/host-cert.pub\\n' >/etc/ssh/sshd_config.d/cert.conf; systemctl reload ssh`)
    const ca = execFileSync('cat', [`${authority}.pub`], { encoding: 'utf8' })
      .split(' ')
      .slice(0, 2)
      .join(' ')
    const target: Target = { ...host, hostKeys: [], authorities: [ca] }
    await using web1 = await open({ ...target, transport: 'openssh' })
    expect((await web1.exec('true')).exitCode).toBe(0)
    expect(String(await failure(open({ ...target, transport: 'ssh' })))).toContain(
      'only a certificate authority',
    )
    const stranger = { ...target, authorities: [makeKey().public], transport: 'openssh' as const }
    expect(await failure(open(stranger))).toBeInstanceOf(HostKeyError)
  })
})
