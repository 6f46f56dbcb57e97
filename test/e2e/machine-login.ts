import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ConnectError } from '../../lib/errors.ts'
import { openSsh } from '../../lib/transport/ssh.ts'
import type { Transport } from '../../lib/transport/transport.ts'
import { makeKey } from '../support/ssh-server-keys.ts'

const pair = z.object({ private: z.string(), public: z.string() })
const keys = z.object({ operator: pair, host: pair })

const PORT = 2222

/** Milliseconds that a machine's sshd may take to answer after its start. */
const PATIENCE = 20_000

const OPTIONS = [
  'AuthorizedKeysFile=/etc/ssh/test_login',
  'HostKey=/etc/ssh/test_host',
  'PidFile=none',
  'StrictModes=no',
  'MaxSessions=1000',
  'MaxStartups=100',
]

/** What starts a machine's sshd for the test alone, beside any that is tested. */
export const SSHD = `umask 077; mkdir -p /run/sshd
echo "$TEST_LOGIN" >/etc/ssh/test_login; echo "$TEST_HOST" >/etc/ssh/test_host
umask 022; /usr/sbin/sshd -f /dev/null -p ${PORT} ${OPTIONS.map(option => `-o ${option}`).join(' ')}`

/** How a test logs in to its machines. Its keys lie in a folder, so that an operator of another process has them too. */
export class MachineLogin {
  readonly #keys: z.output<typeof keys>
  readonly #identityFile: string

  private constructor(of: z.output<typeof keys>, identityFile: string) {
    this.#keys = of
    this.#identityFile = identityFile
  }

  /** Makes the keys, or takes those that are there. */
  static async in(folder: string): Promise<MachineLogin> {
    const file = join(folder, 'machine-keys.json')
    const identityFile = join(folder, 'machine-key')
    const known = await readFile(file, 'utf8').catch(() => undefined)
    if (known !== undefined) return new MachineLogin(keys.parse(JSON.parse(known)), identityFile)
    const made = { operator: makeKey(), host: makeKey() }
    await writeFile(identityFile, made.operator.private, { mode: 0o600 })
    await writeFile(file, JSON.stringify(made), { mode: 0o600 })
    return new MachineLogin(made, identityFile)
  }

  /** What `docker run` is told, for SSHD. */
  get options(): readonly string[] {
    const { operator, host } = this.#keys
    return ['--env', `TEST_LOGIN=${operator.public}`, '--env', `TEST_HOST=${host.private}`]
  }

  /** Connects as soon as the machine's sshd answers. */
  async connect(name: string, address: string): Promise<Transport> {
    const started = performance.now()
    const target = {
      name,
      address,
      port: PORT,
      user: 'root',
      hostKeys: [this.#keys.host.public],
      identityFile: this.#identityFile,
      identitiesOnly: true,
    }
    for (;;) {
      try {
        const options = { signal: new AbortController().signal, timeout: 10_000 }
        return await openSsh(target, { via: undefined, owned: undefined }, options)
      } catch (error) {
        if (!(error instanceof ConnectError) || performance.now() - started > PATIENCE) throw error
        await sleep(100)
      }
    }
  }
}
