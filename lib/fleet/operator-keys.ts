import { access, readFile } from 'node:fs/promises'
import { ConfigError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import type { TaskContext } from '../task/context.ts'

/**
 * The public keys that may operate the fleet: those of the fleet file and the operator's own. Throws ConfigError when
 * there is none, since a host without keys locks everybody out.
 */
export async function operatorKeys(ctx: Pick<TaskContext, 'fleet' | 'hosts'>): Promise<readonly string[]> {
  const files = new Set(ctx.hosts.flatMap(({ target }) => target.identityFile ?? []))
  const own = await Promise.all([...files].map(path => readFile(`${path}.pub`, 'utf8').catch(() => '')))
  const keys = [
    ...new Set([...(ctx.fleet.access.authorizedKeys ?? []), ...own].map(key => key.trim()).filter(Boolean)),
  ]
  if (keys.length === 0) {
    const [file] = files
    const isThere =
      file !== undefined &&
      (await access(file).then(
        () => true,
        () => false,
      ))
    if (isThere) {
      throw new ConfigError(`no public key to log in with: ${file}.pub is not there, or is empty`, {
        hint: `ssh-keygen -y -f ${quote(file)} >${quote(`${file}.pub`)}`,
      })
    }
    throw new ConfigError('no public key to log in with', {
      hint: 'ssh-keygen -t ed25519, then name its .pub in access.authorizedKeys of the fleet file',
    })
  }
  return keys
}
