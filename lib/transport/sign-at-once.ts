import type { AnyAuthMethod, Client, ParsedKey } from 'ssh2'

/** The hash of a signature by its algorithm's name (RFC 8332, section 3); the other types of keys fix it themselves. */
const HASHES = new Map<unknown, string>([
  ['rsa-sha2-256', 'sha256'],
  ['rsa-sha2-512', 'sha512'],
  ['ssh-rsa', 'sha1'],
])

const ownKey = (method: AnyAuthMethod): ParsedKey[] =>
  method.type === 'publickey' && typeof method.key === 'object' && 'sign' in method.key ? [method.key] : []

/**
 * ssh2 asks whether a host knows a key before it signs with it: a round trip that spares a person a passphrase, and us,
 * who have the key open, nothing. The agent's keys are asked for as before, since each signature may want a touch.
 */
export function signAtOnce(client: Client, methods: readonly AnyAuthMethod[]): void {
  const keys = methods.flatMap(ownKey)
  const protocol: unknown = Reflect.get(client, '_protocol')
  if (typeof protocol !== 'object' || protocol === null) return
  const authenticate: unknown = Reflect.get(protocol, 'authPK')
  if (typeof authenticate !== 'function') return
  Reflect.set(protocol, 'authPK', (user: unknown, key: unknown, algorithm: unknown, sign: unknown) => {
    const own = keys.find(each => each === key)
    const signer = (bytes: Buffer, done: (signature: Buffer) => void) => {
      const signature: unknown = own?.sign(bytes, HASHES.get(algorithm))
      if (!Buffer.isBuffer(signature)) throw signature
      done(signature)
    }
    Reflect.apply(authenticate, protocol, [user, key, algorithm, own === undefined ? sign : signer])
  })
}
