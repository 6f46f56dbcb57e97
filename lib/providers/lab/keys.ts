import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ApiError } from '../../errors.ts'
import { sanitise } from '../../text/sanitise.ts'

/** An OpenSSH ed25519 key pair; `publicKey` has no comment: `ssh-ed25519 AAAA...`. */
export interface KeyPair {
  readonly privateKey: string
  readonly publicKey: string
}

/** Makes a key pair without a passphrase. */
export async function makeKeyPair(comment: string): Promise<KeyPair> {
  const dir = await mkdtemp(join(tmpdir(), 'fleetfile-key-'))
  try {
    const path = join(dir, 'key')
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path]
    const made = await execa('ssh-keygen', args, { reject: false, stdin: 'ignore' })
    if (made.failed) {
      const said = sanitise(made.stderr || made.shortMessage || 'not found', 'lines')
      throw new ApiError(`ssh-keygen cannot make a key: ${said}`, {
        hint: 'apt-get install -y openssh-client',
      })
    }
    const publicKey = (await readFile(`${path}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ').trim()
    return { privateKey: await readFile(path, 'utf8'), publicKey }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
