import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Target } from '../../lib/transport/transport.ts'
import type { DockerTransport } from './docker-transport.ts'
import { makeKey } from './ssh-server-keys.ts'

/** A key of an operator: what a host must know of it, and its file. */
export interface OperatorKey {
  readonly public: string
  readonly identityFile: string
}

export function operatorKey(): OperatorKey {
  const key = makeKey()
  const identityFile = join(mkdtempSync(join(tmpdir(), 'fleet-key-')), 'id')
  writeFileSync(identityFile, key.private, { mode: 0o600 })
  writeFileSync(`${identityFile}.pub`, `${key.public}\n`)
  return { public: key.public, identityFile }
}

/** Lets a key log in to a container's own sshd as root, and says how to reach it. */
export function containerSsh(host: DockerTransport, key = operatorKey()): Target {
  const { identityFile } = key
  host.run('ssh-keygen -A >/dev/null; mkdir -p /run/sshd; systemctl reset-failed ssh; systemctl start ssh')
  host.run(`install -d -m 0700 /root/.ssh && echo '${key.public}' >>/root/.ssh/authorized_keys`)
  const address = '{{.NetworkSettings.Networks.bridge.IPAddress}}'
  return {
    name: host.host,
    address: execFileSync('docker', ['inspect', '-f', address, host.host], { encoding: 'utf8' }).trim(),
    port: 22,
    user: 'root',
    hostKeys: [host.run('cut -d " " -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub').trim()],
    identityFile,
  }
}
