import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, HostKeyError } from '../errors.ts'
import { privateKnownHosts } from './host-key-error.ts'
import { loginOptions } from './openssh-options.ts'
import { sessionError } from './session-error.ts'
import type { Target } from './transport.ts'

/** One hop's name among the others: what the command line and ProxyJump call it. */
const alias = (index: number): string => `hop${index}`

/** How a hop is reached. OpenSSH takes the first of the two options that it reads. */
function way({ openssh }: Target, index: number): readonly [string, string] {
  if (index > 0) return ['ProxyJump', alias(index - 1)]
  if (openssh?.proxyCommand === undefined) return ['ProxyJump', 'none']
  // `%n` means the name that the operator's config knows the host by, which is not ours.
  const known = openssh.alias?.replaceAll('%', '%%') ?? '%h'
  return [
    'ProxyCommand',
    openssh.proxyCommand.replaceAll(/%[%n]/g, token => (token === '%n' ? known : token)),
  ]
}

function hop(target: Target, index: number, knownHosts: string): string {
  const lines = [...loginOptions(target, knownHosts), way(target, index)]
  const wrong = lines.find(([, value]) => /[\n\r\0]/.test(value))
  if (wrong !== undefined) {
    throw new ConfigError(`${JSON.stringify(wrong[1])} cannot stand in an SSH configuration`, {
      host: target.name,
    })
  }
  return `Host ${alias(index)}\n${lines.map(([name, value]) => `  ${name} ${value}\n`).join('')}`
}

/**
 * The texts of the files that hold OpenSSH to the pinned keys, over all hops: known_hosts of each hop is a file of its
 * own, which `place` names, since two networks may have the same addresses. Throws HostKeyError for a hop without a key.
 */
export function sessionFiles(
  target: Target,
  place: (hop: number) => string,
): { config: string; knownHosts: readonly string[] } {
  const hops = [...(target.jumps ?? []), target]
  const bare = hops.find(
    ({ hostKeys, authorities = [] }) => hostKeys.length === 0 && authorities.length === 0,
  )
  if (bare !== undefined) {
    throw new HostKeyError('no host key is pinned, so any would have to be believed', {
      host: bare.name,
      hint: `fleet provision --on ${bare.name}`,
    })
  }
  return {
    config: hops.map((each, index) => hop(each, index, place(index))).join('\n'),
    knownHosts: hops.map(privateKnownHosts),
  }
}

/**
 * Gives `work` the arguments of an `ssh` that logs in as the openssh transport does, through the target's jumps, and the
 * folder of its files, which are private, in `folder`, and gone afterwards.
 */
export async function withSession<T>(
  target: Target,
  folder: string,
  work: (args: readonly string[], own: string) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const own = await mkdtemp(join(folder, 'ssh-'))
  try {
    const config = join(own, 'config')
    const place = (index: number) => join(own, `known_hosts${index}`)
    const texts = sessionFiles(target, place)
    await writeFile(config, texts.config, { mode: 0o600 })
    for (const [index, text] of texts.knownHosts.entries())
      await writeFile(place(index), text, { mode: 0o600 })
    return await work(['-F', config, alias(target.jumps?.length ?? 0)], own)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

/** Milliseconds for a connection and the first words of the host. */
const PATIENCE = 30_000

/**
 * Runs an `ssh` as `withSession` says by `run`, which gives its exit code, and gives that of the shell or the command.
 * Throws ConnectError or HostKeyError where ssh itself has failed.
 */
export const runSession = (
  target: Target,
  folder: string,
  run: (args: readonly string[]) => Promise<number>,
): Promise<number> =>
  withSession(target, folder, async (args, own) => {
    const log = join(own, 'log')
    // Not -v, which ssh would hand on to those that it starts for the jumps.
    const more = ['-E', log, '-o', 'LogLevel=DEBUG1', '-o', `ConnectTimeout=${PATIENCE / 1000}`]
    const exitCode = await run([...more, ...args])
    const said = await readFile(log, 'utf8').catch(() => '')
    const error = sessionError(target, exitCode, said, PATIENCE)
    if (error !== undefined) throw error
    return exitCode
  })
