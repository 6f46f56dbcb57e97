import { readFile } from 'node:fs/promises'
import ssh2, { type AnyAuthMethod } from 'ssh2'
import { messageOf } from '../errors.ts'
import { connectError, noLogin } from './connect-error.ts'
import type { Target } from './transport.ts'

/** What we log in with, in the order of trying. */
export interface Identity {
  readonly methods: readonly AnyAuthMethod[]
  /** Why the identity file is not among them. */
  readonly note?: string
}

/** ssh2's words for a key that wants a passphrase, in both file formats. */
const ENCRYPTED = /encrypted/i

/**
 * The identity file's key, then the agent's. An encrypted identity file is left to the agent, which may hold its key;
 * without an agent it is a ConnectError, as is a target with neither.
 */
export async function readIdentity(target: Target): Promise<Identity> {
  const { user: username, identityFile, agent } = target
  const viaAgent: AnyAuthMethod[] = agent === undefined ? [] : [{ type: 'agent', username, agent }]
  if (identityFile === undefined) {
    if (viaAgent.length === 0)
      throw noLogin(target, 'neither an identity file nor an SSH agent to log in with')
    return { methods: viaAgent }
  }
  const text = await readFile(identityFile).catch((cause: unknown) => {
    throw connectError(target, new Error(`cannot read the identity file: ${messageOf(cause)}`, { cause }), 0)
  })
  const key = ssh2.utils.parseKey(text)
  if (!(key instanceof Error)) {
    if (!key.isPrivateKey()) throw noLogin(target, `the identity file ${identityFile} holds no private key`)
    return { methods: [{ type: 'publickey', username, key }, ...viaAgent] }
  }
  const reason = ENCRYPTED.test(key.message)
    ? `the identity file ${identityFile} is encrypted`
    : `the identity file ${identityFile} cannot be used: ${key.message}`
  if (viaAgent.length === 0) throw noLogin(target, reason)
  return { methods: viaAgent, note: reason }
}
