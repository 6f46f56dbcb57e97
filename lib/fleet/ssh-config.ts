import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { ConfigError } from '../errors.ts'
import type { Environment } from '../task/environment.ts'
import { lastLines } from '../text/last-lines.ts'
import { parseProxyJump, parseSshConfig, type Jump, type SshConfig } from '../transport/ssh-config.ts'
import type { Fleet } from './model.ts'

/** What the operator's ssh config says of one name. */
export interface SshAnswer {
  readonly alias: string
  readonly config: SshConfig
  /** The hops of its ProxyJump, each with what the config says of the hop itself; nearest to us first. */
  readonly jumps: readonly (Jump & { readonly config: SshConfig })[]
}

/** Processes of `ssh -G` at once. */
const AT_ONCE = 8
/** A ProxyJump whose first hop has a ProxyJump, and so on: more than anybody has. */
const DEPTH = 8
/** A name that no config means. */
const NOBODY = 'nobody.fleetfile.invalid'
/** Only what could be the name of a host is asked for. */
const NAME = /^[A-Za-z0-9_:][\w.:%-]*$/

/**
 * What ~/.ssh/config says of the fleet's hosts: of a host's name, or else of its address. OpenSSH itself answers, one
 * process for each name, and none where there is no config. Throws ConfigError when it finds the config wrong.
 */
export async function readSshConfig(
  fleet: Fleet,
  environment: Pick<Environment, 'paths' | 'env' | 'signal'>,
): Promise<ReadonlyMap<string, SshAnswer>> {
  const { home } = environment.paths
  const file = join(home, '.ssh/config')
  const isThere = await stat(file).then(
    found => found.isFile(),
    () => false,
  )
  const answers = new Map<string, SshAnswer>()
  if (!isThere) return answers
  const { username: user, homedir: sshHome } = userInfo()
  const at = { home, sshHome, user, env: environment.env }
  const paced = pLimit(AT_ONCE)
  const asked = new Map<string, Promise<string>>()
  const ask = (name: string): Promise<string> => {
    // Without -F the answer is that of plain `ssh`, with the system's config.
    const answer =
      asked.get(name) ?? paced(() => dump(home === sshHome ? undefined : file, name, environment))
    asked.set(name, answer)
    return answer
  }
  const nobody = said(await ask(NOBODY), NOBODY)
  const config = async (alias: string) => parseSshConfig(await ask(alias), alias, at)

  const hops = async (alias: string, text: string | undefined, depth = 0): Promise<SshAnswer['jumps']> => {
    if (text === undefined) return []
    const found = parseProxyJump(text)
    if (found === undefined || depth > DEPTH) {
      throw new ConfigError(`cannot follow the ProxyJump of ${alias} in ${file}: ${text}`, {
        hint: `ssh -G ${alias}`,
      })
    }
    const all = await Promise.all(found.map(async jump => ({ ...jump, config: await config(jump.alias) })))
    const [first] = all
    // As in OpenSSH, only the first hop goes on by its own config.
    return first === undefined
      ? []
      : [...(await hops(first.alias, first.config.proxyJump, depth + 1)), ...all]
  }

  await Promise.all(
    Object.entries(fleet.hosts).map(async ([name, { address }]) => {
      for (const alias of [name, address]) {
        if (alias === undefined || !NAME.test(alias)) continue
        const isLast = alias === (address ?? name)
        if (!isLast && said(await ask(alias), alias) === nobody) continue
        const found = await config(alias)
        answers.set(name, { alias, config: found, jumps: await hops(alias, found.proxyJump) })
        return
      }
    }),
  )
  return answers
}

/** An answer without the name that was asked for. */
const said = (answer: string, alias: string): string =>
  answer
    .split('\n')
    .filter(line => line !== `host ${alias}` && line !== `hostname ${alias.toLowerCase()}`)
    .join('\n')

async function dump(
  file: string | undefined,
  name: string,
  { signal, env }: Pick<Environment, 'signal' | 'env'>,
): Promise<string> {
  const { execa } = await import('execa')
  const args = ['-T', ...(file === undefined ? [] : ['-F', file]), '-G', '--', name]
  const { exitCode, stdout, stderr, code } = await execa('ssh', args, {
    reject: false,
    cancelSignal: signal,
    env,
    stdin: 'ignore',
  })
  if (exitCode === 0) return stdout
  const reason =
    code === 'ENOENT'
      ? 'there is no `ssh` on this machine to read it'
      : lastLines(stderr, { count: 3 }).join('; ')
  throw new ConfigError(`cannot use ~/.ssh/config: ${reason}`, {
    hint: code === 'ENOENT' ? 'sudo apt-get install openssh-client' : `ssh -G ${name}`,
  })
}
