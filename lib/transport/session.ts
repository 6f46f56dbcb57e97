import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, HostKeyError } from '../errors.ts'
import type { Target } from './transport.ts'

/** A value of an ssh_config line. Throws ConfigError for what no line can hold. */
function value(text: string): string {
  if (/["\n\r\0]|\$\{/.test(text)) {
    throw new ConfigError(`${JSON.stringify(text)} cannot stand in an SSH configuration`)
  }
  // Tokens such as %h are expanded in all of the values that we set.
  return `"${text.replaceAll('%', '%%')}"`
}

/** One hop's name among the others: what the command line, ProxyJump and known_hosts call it. */
const alias = (index: number): string => `hop${index}`

function hop(target: Target, index: number, files: SessionFiles): string {
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
    `HostKeyAlias ${alias(index)}`,
    ...identity,
    `IdentityAgent ${target.agent === undefined ? 'none' : value(target.agent)}`,
    `ProxyJump ${index === 0 ? 'none' : alias(index - 1)}`,
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    'CheckHostIP no',
    `UserKnownHostsFile ${value(files.knownHosts)}`,
    'GlobalKnownHostsFile none',
    '',
  ].join('\n  ')
}

interface SessionFiles {
  readonly config: string
  readonly knownHosts: string
}

/** The texts of the files that hold OpenSSH to the pinned keys, over all hops. Throws HostKeyError for a hop without one. */
export function sessionFiles(target: Target, files: SessionFiles): { config: string; knownHosts: string } {
  const hops = [...(target.jumps ?? []), target]
  const bare = hops.find(({ hostKeys }) => hostKeys.length === 0)
  if (bare !== undefined) {
    throw new HostKeyError('no host key is pinned, so any would have to be believed', {
      host: bare.name,
      hint: `fleet provision --on ${bare.name}`,
    })
  }
  return {
    config: hops.map((each, index) => hop(each, index, files)).join('\n'),
    knownHosts: hops
      .flatMap(({ hostKeys }, index) =>
        hostKeys.map(key => `${alias(index)} ${key.trim().split(/\s+/, 2).join(' ')}\n`),
      )
      .join(''),
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
    const files = { config: join(own, 'config'), knownHosts: join(own, 'known_hosts') }
    const texts = sessionFiles(target, files)
    await writeFile(files.config, texts.config, { mode: 0o600 })
    await writeFile(files.knownHosts, texts.knownHosts, { mode: 0o600 })
    return await work(['-F', files.config, alias(target.jumps?.length ?? 0)])
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}
