import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, HostKeyError } from '../errors.ts'
import { privateKnownHosts } from './host-key-error.ts'
import type { Target } from './transport.ts'

/** A value of an ssh_config line. Throws ConfigError for what no line can hold. */
function value(text: string): string {
  if (/["\n\r\0]|\$\{/.test(text)) {
    throw new ConfigError(`${JSON.stringify(text)} cannot stand in an SSH configuration`)
  }
  // Tokens such as %h are expanded in all of the values that we set.
  return `"${text.replaceAll('%', '%%')}"`
}

/** One hop's name among the others: what the command line and ProxyJump call it. */
const alias = (index: number): string => `hop${index}`

function hop(target: Target, index: number, knownHosts: string): string {
  const identity =
    target.identityFile === undefined
      ? []
      : [
          `IdentityFile ${value(target.identityFile)}`,
          ...(target.agent === undefined ? ['IdentitiesOnly yes'] : []),
        ]
  return [
    `Host ${alias(index)}`,
    `HostName ${value(target.address)}`,
    `Port ${target.port}`,
    `User ${value(target.user).replaceAll('%%', '%')}`,
    `HostKeyAlias ${value(target.hostKeyAlias ?? target.address).replaceAll('%%', '%')}`,
    ...identity,
    `IdentityAgent ${target.agent === undefined ? 'none' : value(target.agent)}`,
    `ProxyJump ${index === 0 ? 'none' : alias(index - 1)}`,
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    'CheckHostIP no',
    `UserKnownHostsFile ${value(knownHosts)}`,
    'GlobalKnownHostsFile none',
    '',
  ].join('\n  ')
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
  const bare = hops.find(({ hostKeys }) => hostKeys.length === 0)
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
 * Gives `work` the arguments of an `ssh` that logs in with the target's key, pins and jumps, and with nothing of the
 * operator's own configuration: its files are private, in `folder`, and gone afterwards.
 */
export async function withSession<T>(
  target: Target,
  folder: string,
  work: (args: readonly string[]) => Promise<T>,
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
    return await work(['-F', config, alias(target.jumps?.length ?? 0)])
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}
