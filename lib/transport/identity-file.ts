import { readFile } from 'node:fs/promises'
import { messageOf } from '../errors.ts'
import { connectError, noLogin } from './connect-error.ts'
import type { Target } from './transport.ts'

/** The identity files, each once, in the order of trying. */
export const identityFiles = (target: Target): readonly string[] => [
  ...new Set([
    ...(target.identityFile === undefined ? [] : [target.identityFile]),
    ...(target.moreIdentityFiles ?? []),
  ]),
]

/** The text of an identity file. One that is not named in the fleet may be missing: undefined. */
export async function identityText(target: Target, path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (path !== target.identityFile) return undefined
    throw connectError(target, new Error(`cannot read the identity file: ${messageOf(cause)}`, { cause }), 0)
  }
}

/** The magic of OpenSSH's own key format, and the name of the cipher after it (PROTOCOL.key, "Overall format"). */
const MAGIC = Buffer.from('openssh-key-v1\0')

/** The bytes of a private key in OpenSSH's own format; undefined for another. */
function opensshBlob(text: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(text)?.[1]
  const blob = body === undefined ? undefined : Buffer.from(body, 'base64')
  return blob?.subarray(0, MAGIC.length).equals(MAGIC) === true ? blob : undefined
}

/** The string of SSH's wire format at an offset (RFC 4251, section 5), empty where the bytes end before. */
function stringAt(blob: Buffer, offset: number): Buffer {
  if (blob.length < offset + 4) return Buffer.alloc(0)
  return blob.subarray(offset + 4, offset + 4 + blob.readUInt32BE(offset))
}

/** Whether a private key wants a passphrase. */
export function isEncrypted(text: string): boolean {
  const blob = opensshBlob(text)
  if (blob === undefined) return /-----BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(text)
  const cipher = stringAt(blob, MAGIC.length).toString('latin1')
  return cipher !== '' && cipher !== 'none'
}

/** Whether a private key file stands for a key on a FIDO token, by the type of its public half, which is never encrypted. */
export function isSecurityKey(text: string): boolean {
  const blob = opensshBlob(text)
  if (blob === undefined) return false
  let offset = MAGIC.length
  // Cipher, key derivation and its options; then the number of keys.
  for (let field = 0; field < 3; field += 1) offset += 4 + stringAt(blob, offset).length
  return stringAt(stringAt(blob, offset + 4), 0)
    .toString('latin1')
    .startsWith('sk-')
}

/** Throws ConnectError when OpenSSH would have nothing to log in with; what is encrypted counts if somebody can be asked. */
export async function requireIdentity(target: Target, canAsk: boolean): Promise<void> {
  const { agent, openssh } = target
  const files = identityFiles(target)
  const texts = await Promise.all(files.map(path => identityText(target, path)))
  if (agent !== undefined || openssh?.pkcs11Provider !== undefined) return
  if (files.length === 0) throw noLogin(target, 'neither an identity file nor an SSH agent to log in with')
  if (texts.some(text => text !== undefined && (canAsk || !isEncrypted(text)))) return
  const locked = files.find((_, index) => texts[index] !== undefined)
  const reason =
    locked === undefined ? 'no identity file is there' : `the identity file ${locked} is encrypted`
  throw noLogin(target, reason, locked)
}
