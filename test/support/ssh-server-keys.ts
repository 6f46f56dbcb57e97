import ssh2 from 'ssh2'

export interface KeyPair {
  readonly private: string
  /** `ssh-ed25519 AAAA...` */
  readonly public: string
}

function generate(type: 'ed25519' | 'ecdsa' | 'rsa', passphrase: string | undefined): KeyPair {
  const { generateKeyPairSync } = ssh2.utils
  if (type === 'rsa') return generateKeyPairSync('rsa', { bits: 2048 })
  if (type === 'ecdsa') return generateKeyPairSync('ecdsa', { bits: 256 })
  if (passphrase === undefined) return generateKeyPairSync('ed25519')
  return generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 1 })
}

/** A fresh key pair. ssh2's generator now and then makes one that ssh2 cannot read: those are thrown away. */
export function makeKey(type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519', passphrase?: string): KeyPair {
  for (;;) {
    const pair = generate(type, passphrase)
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) {
      return { private: pair.private, public: pair.public.trim() }
    }
  }
}
