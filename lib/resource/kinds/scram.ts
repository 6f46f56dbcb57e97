import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

const ITERATIONS = 4096
const VERIFIER = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/

function verifier(password: string, salt: Buffer, iterations: number): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}

/** What PostgreSQL keeps of a password (RFC 5802): with it the password itself never leaves this machine. */
export const scramVerifier = (password: string): string => verifier(password, randomBytes(16), ITERATIONS)

/** Whether a kept verifier is of this password. Any other form of one, md5 for example, is not. */
export function scramMatches(kept: string, password: string): boolean {
  const [, iterations, salt] = VERIFIER.exec(kept) ?? []
  if (iterations === undefined || salt === undefined) return false
  const mine = Buffer.from(verifier(password, Buffer.from(salt, 'base64'), Number(iterations)))
  const theirs = Buffer.from(kept)
  return mine.length === theirs.length && timingSafeEqual(mine, theirs)
}
