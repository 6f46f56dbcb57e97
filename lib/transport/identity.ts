import { readFile } from 'node:fs/promises'
import ssh2, { type AnyAuthMethod, type ParsedKey } from 'ssh2'
import type { Secret } from '../shell/secret.ts'
import { someKeys } from './agent-keys.ts'
import { noLogin } from './connect-error.ts'
import { parsePublicKey } from './host-key.ts'
import { identityFiles, identityText } from './identity-file.ts'
import type { Keyring } from './keyring.ts'
import type { Target } from './transport.ts'

/** What we log in with, in the order of trying. */
export interface Identity {
  readonly methods: readonly AnyAuthMethod[]
  /** Why an identity file is not among them. */
  readonly note?: string
}

/** An identity file: its private key, or that it wants a passphrase; the public half where it can be known. */
interface IdentityFile {
  readonly path: string
  readonly key?: ParsedKey
  readonly isLocked?: boolean
  readonly publicBlob?: Buffer
  readonly note?: string
}

/** ssh2's words for a key that wants a passphrase, in both file formats. */
const ENCRYPTED = /encrypted/i

async function readOne(path: string, target: Target): Promise<IdentityFile | undefined> {
  const text = await identityText(target, path)
  if (text === undefined) return undefined
  const beside = parsePublicKey(await readFile(`${path}.pub`, 'utf8').catch(() => ''))
  const key = ssh2.utils.parseKey(text)
  if (key instanceof Error) {
    const isLocked = ENCRYPTED.test(key.message)
    const reason = isLocked ? 'is encrypted' : `cannot be used: ${key.message}`
    return {
      path,
      isLocked,
      note: `the identity file ${path} ${reason}`,
      ...(beside === undefined ? {} : { publicBlob: beside.blob }),
    }
  }
  const publicBlob = key.getPublicSSH()
  if (key.isPrivateKey()) return { path, key, publicBlob }
  // A public key may stand for one that only the agent has.
  return { path, publicBlob, note: `the identity file ${path} holds no private key` }
}

/** Asks for the passphrase until it is right. Undefined when it never was, or nobody can be asked. */
async function unlock({ path }: IdentityFile, keyring: Keyring): Promise<ParsedKey | undefined> {
  const text = await readFile(path)
  let rejected: Secret | undefined
  for (;;) {
    const passphrase = await keyring.secret(`Passphrase of ${path}:`, rejected)
    if (passphrase === undefined) return undefined
    const key = ssh2.utils.parseKey(text, passphrase.reveal())
    if (!(key instanceof Error)) return key
    rejected = passphrase
  }
}

/**
 * What a target is logged in with: the keys of its identity files, from the agent where that holds them, then the
 * agent's others. An encrypted key that the agent has not got is unlocked by its passphrase, asked for when the file is
 * named or nothing else is at hand. ConnectError when there is nothing to log in with.
 */
export async function readIdentity(target: Target, keyring?: Keyring): Promise<Identity> {
  const { user: username, identityFile, identitiesOnly = false, agent } = target
  const paths = identityFiles(target)
  if (paths.length === 0 && agent === undefined) {
    throw noLogin(target, 'neither an identity file nor an SSH agent to log in with')
  }
  const read = await Promise.all(paths.map(path => readOne(path, target)))
  const files = read.filter(file => file !== undefined)
  const named = files.flatMap(file => file.publicBlob ?? [])
  const inAgent = agent === undefined ? [] : await someKeys(agent, named)
  const methods: AnyAuthMethod[] = []
  const notes: string[] = []
  for (const file of files) {
    const held = inAgent.find(key => file.publicBlob?.equals(key.blob) === true)
    if (file.key !== undefined) methods.push({ type: 'publickey', username, key: file.key })
    else if (held !== undefined) methods.push({ type: 'agent', username, agent: held.agent })
    else {
      const isWanted = file.path === identityFile || (methods.length === 0 && agent === undefined)
      const key =
        file.isLocked === true && isWanted && keyring?.canAsk === true
          ? await unlock(file, keyring)
          : undefined
      if (key !== undefined) methods.push({ type: 'publickey', username, key })
      else if (file.note !== undefined) notes.push(file.note)
    }
  }
  if (agent !== undefined && !identitiesOnly) methods.push({ type: 'agent', username, agent })
  const [note] = notes
  if (methods.length === 0) {
    const locked = files.find(file => file.isLocked === true)?.path
    throw noLogin(
      target,
      note ?? 'no identity file that can be read, and no SSH agent to log in with',
      locked,
    )
  }
  return { methods, ...(note === undefined ? {} : { note }) }
}
