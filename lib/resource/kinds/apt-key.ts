import { ConfigError } from '../../errors.ts'

const ARMOUR =
  /^-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n((?:[A-Za-z]+: .*\r?\n)*)\r?\n([A-Za-z0-9+/=\s]+?)(?:\r?\n=([A-Za-z0-9+/]{4}))?\r?\n-----END PGP PUBLIC KEY BLOCK-----$/

/** OpenPGP's checksum of an armoured text: RFC 4880, 6.1. */
function crc24(bytes: Uint8Array): number {
  let crc = 0xb704ce
  for (const byte of bytes) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x800000 ? ((crc << 1) ^ 0x1864cfb) & 0xffffff : crc << 1
  }
  return crc
}

/**
 * A repository's signing key as ASCII text, checked to be a whole public key: apt would say no more than that the
 * repository is not signed. Throws ConfigError.
 */
export function aptKey(text: string): string {
  const [, , body = '', sum] = ARMOUR.exec(text.trim()) ?? []
  const bytes = Buffer.from(body.replaceAll(/\s/g, ''), 'base64')
  const first = bytes[0] ?? 0
  const tag = first & 0x40 ? first & 0x3f : (first >> 2) & 0x0f
  const PUBLIC_KEY = 6
  if (!(first & 0x80) || tag !== PUBLIC_KEY) {
    throw new ConfigError('the key of an apt repository is not an ASCII-armoured public key', {
      hint: 'gpg --armor --export KEY, or the text of the .asc file that the repository names',
    })
  }
  if (sum !== undefined && Buffer.from(sum, 'base64').readUIntBE(0, 3) !== crc24(bytes)) {
    throw new ConfigError('the key of an apt repository was cut or changed: its checksum is wrong')
  }
  return `${text.trim().replaceAll('\r\n', '\n')}\n`
}
