import { expect, test } from 'vitest'
import { ConfigError } from '../../../lib/errors.ts'
import { sshCommand } from '../../../lib/transport/endpoint.ts'
import {
  fingerprint,
  hostKeyAlgorithms,
  keyType,
  parsePins,
  parsePublicKey,
} from '../../../lib/transport/host-key.ts'
import type { Target } from '../../../lib/transport/transport.ts'

// Made with ssh-keygen, its fingerprint shown by `ssh-keygen -lf`.
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILwm3+g6NcaoRqHmihWrDgUS8HTWdhcJ6IO9BDidLsMJ'
const PRINT = 'SHA256:KpAkBBz/E4wf0XR8JjVKaOMqtU74ornaYk6Oy//BROQ'

test('the fingerprint is the one that ssh-keygen shows', () => {
  const key = parsePublicKey(`${KEY} comment`)
  expect(key === undefined ? '' : fingerprint(key.blob)).toBe(PRINT)
  expect(key === undefined ? '' : keyType(key.blob)).toBe('ssh-ed25519')
})

test.each(['', 'ssh-ed25519', 'ssh-ed25519 AAAA', 'ssh-ed25519 not*base64', `ssh-rsa ${KEY.split(' ')[1]}`])(
  '%j is no public key',
  line => {
    expect(parsePublicKey(line)).toBeUndefined()
    expect(() => parsePins('web1', [KEY, line])).toThrow(ConfigError)
  },
)

test('the pinned type comes first, and SHA-1 never', () => {
  expect(hostKeyAlgorithms([])[0]).toBe('ssh-ed25519')
  expect(hostKeyAlgorithms([{ type: 'ssh-rsa', blob: Buffer.alloc(0) }]).slice(0, 2)).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
  ])
  expect(hostKeyAlgorithms(parsePins('web1', [KEY]))).not.toContain('ssh-rsa')
})

test('the hint is a command that can be pasted', () => {
  const bastion: Target = { name: 'bastion', address: '203.0.113.1', port: 22, user: 'hop', hostKeys: [] }
  const web1: Target = {
    ...bastion,
    address: '2001:db8::1',
    port: 2222,
    user: 'deploy',
    identityFile: '/home/a b/id',
  }
  expect(sshCommand(web1)).toBe(`ssh -v -i '/home/a b/id' -p 2222 deploy@2001:db8::1`)
  expect(sshCommand({ ...bastion, jumps: [web1] })).toBe(
    `ssh -v -J 'deploy@[2001:db8::1]:2222' hop@203.0.113.1`,
  )
})
