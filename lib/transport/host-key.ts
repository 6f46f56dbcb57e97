import { createHash } from 'node:crypto'
import { ConfigError } from '../errors.ts'

/** A public key as it travels: its type's name and the blob of RFC 4253, section 6.6. */
export interface PublicKey {
  readonly type: string
  readonly blob: Buffer
}

/**
 * One OpenSSH public key, `ssh-ed25519 AAAA... comment`; undefined when it is none. The type stands twice, in clear and
 * at the start of the blob (a length in 4 bytes, then the name), and both must agree.
 */
export function parsePublicKey(line: string): PublicKey | undefined {
  const [type, base64] = line.trim().split(/\s+/)
  if (type === undefined || base64 === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  const blob = Buffer.from(base64, 'base64')
  if (blob.length < 4) return undefined
  const length = blob.readUInt32BE(0)
  return blob.toString('latin1', 4, 4 + length) === type && blob.length > 4 + length
    ? { type, blob }
    : undefined
}

/** The name in a key's blob: what the other side says the key is. */
export const keyType = (blob: Buffer): string =>
  blob.length < 4 ? 'unknown' : blob.toString('latin1', 4, 4 + Math.min(blob.readUInt32BE(0), 64))

/** `SHA256:...` as `ssh-keygen -l` shows it: base64 without padding. */
export const fingerprint = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`

/** A key that a host showed, as messages name it. */
export interface ShownKey {
  readonly type: string
  /** `SHA256:...` */
  readonly fingerprint: string
}

/** The key in a blob. */
export const shownKey = (blob: Buffer): ShownKey => ({ type: keyType(blob), fingerprint: fingerprint(blob) })

/** The pinned keys of a host. Throws ConfigError on a line that is no public key. */
export function parsePins(host: string, lines: readonly string[]): PublicKey[] {
  const pins = lines.map(parsePublicKey)
  const wrong = lines.filter((_, index) => pins[index] === undefined)
  if (wrong.length > 0) {
    throw new ConfigError('a pinned host key is not an OpenSSH public key', {
      host,
      issues: wrong.map(line => JSON.stringify(line)),
      hint: 'it must look like `ssh-ed25519 AAAA...`: the host shows its own with `cat /etc/ssh/ssh_host_ed25519_key.pub`',
    })
  }
  return pins.filter(pin => pin !== undefined)
}

/** Signature algorithms of host keys, best first. SHA-1 (`ssh-rsa`) and DSA are never offered. */
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const

export type HostKeyAlgorithm = (typeof ALGORITHMS)[number]

/** An RSA key is named after its type but signs under the names of RFC 8332. */
const typeOf = (algorithm: HostKeyAlgorithm) => (algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm)

/**
 * The algorithms to offer: those of the pinned keys first, since the server answers with the first one it has
 * (RFC 4253, section 7.1). The others follow only so that a key that is not pinned can be named when it is refused.
 */
export function hostKeyAlgorithms(pins: readonly PublicKey[]): HostKeyAlgorithm[] {
  const pinned = new Set(pins.map(pin => pin.type))
  return [
    ...ALGORITHMS.filter(algorithm => pinned.has(typeOf(algorithm))),
    ...ALGORITHMS.filter(algorithm => !pinned.has(typeOf(algorithm))),
  ]
}
