import { join } from 'node:path'

/** What OpenSSH would do for one name: the part of `ssh -G` that a connection needs. Paths are whole. */
export interface SshConfig {
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly identityFiles: readonly string[]
  readonly identitiesOnly: boolean
  /** `IdentityAgent`: a socket, or `none`; undefined leaves it to SSH_AUTH_SOCK. */
  readonly agent?: string
  readonly knownHostsFiles: readonly string[]
  readonly hostKeyAlias?: string
  /** As it stands: `ann@bastion:2222,inner`. */
  readonly proxyJump?: string
  readonly proxyCommand?: string
  readonly certificateFiles: readonly string[]
  readonly pkcs11Provider?: string
  readonly securityKeyProvider?: string
}

/** What the operator's machine puts for `~`, `%d`, `%u` and `${NAME}`. */
export interface Surroundings {
  readonly home: string
  /** The home that ssh itself has put into its answer, from the user database. */
  readonly sshHome: string
  readonly user: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Values of each keyword, in their order. ssh prints keywords in small letters, one a line. */
function keywords(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^(\S+) (.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    found.set(name, [...(found.get(name) ?? []), value])
  }
  return found
}

/** Reads what `ssh -G <alias>` printed (ssh_config(5); tokens as in its section TOKENS). */
export function parseSshConfig(text: string, alias: string, at: Surroundings): SshConfig {
  const { home, sshHome, user, env } = at
  const found = keywords(text)
  const one = (name: string): string | undefined => {
    const value = found.get(name)?.[0]
    return value === undefined || value === '' || value === 'none' ? undefined : value
  }
  const all = (name: string) => (found.get(name) ?? []).filter(value => value !== 'none')
  const hostname = one('hostname') ?? alias
  const port = Number(one('port') ?? 22)
  const remoteUser = one('user') ?? user
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: home,
    h: hostname,
    n: alias,
    p: String(port),
    r: remoteUser,
    u: user,
  }
  const path = (value: string): string => {
    const whole = value
      .replaceAll(/%([%dhnpru])/g, (token, letter: string) => tokens[letter] ?? token)
      .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? '')
    if (whole.startsWith(`${sshHome}/`)) return join(home, whole.slice(sshHome.length))
    return whole === '~' || whole.startsWith('~/') ? join(home, whole.slice(1)) : whole
  }
  const agent = found.get('identityagent')?.[0]
  const named = (name: string) => one(name)?.split(' ').map(path) ?? []
  const optional = <K extends keyof SshConfig>(key: K, value: SshConfig[K] | undefined) =>
    value === undefined ? {} : { [key]: value }
  return {
    hostname,
    port,
    user: remoteUser,
    identityFiles: all('identityfile').map(path),
    identitiesOnly: one('identitiesonly') === 'yes',
    ...optional('agent', agentOf(agent, path, env)),
    knownHostsFiles: [...named('userknownhostsfile'), ...named('globalknownhostsfile')],
    ...optional('hostKeyAlias', one('hostkeyalias')),
    ...optional('proxyJump', one('proxyjump')),
    ...optional('proxyCommand', one('proxycommand')),
    certificateFiles: all('certificatefile').map(path),
    ...optional('pkcs11Provider', one('pkcs11provider')),
    ...optional('securityKeyProvider', builtIn(one('securitykeyprovider'))),
  }
}

const builtIn = (provider: string | undefined) => (provider === 'internal' ? undefined : provider)

function agentOf(
  value: string | undefined,
  path: (value: string) => string,
  env: Surroundings['env'],
): string | undefined {
  if (value === undefined || value === 'SSH_AUTH_SOCK') return undefined
  const [, name] = /^\$(\w+)$/.exec(value) ?? []
  return name === undefined ? path(value) : env[name]
}

/** One hop of a ProxyJump. */
export interface Jump {
  readonly alias: string
  readonly user?: string
  readonly port?: number
}

/** The hops of a ProxyJump, nearest to us first: `[user@]host[:port]`, also as ssh:// URIs. Undefined when it is none. */
export function parseProxyJump(text: string): readonly Jump[] | undefined {
  const hops = text.split(',').map(hop => {
    const [, user, bracketed, plain, port] =
      /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([\w.:%-]+)\]|([\w.%-]+))(?::(\d+))?\/?$/.exec(hop.trim()) ?? []
    const alias = bracketed ?? plain
    if (alias === undefined || alias.startsWith('-')) return undefined
    return {
      alias,
      ...(user === undefined ? {} : { user }),
      ...(port === undefined ? {} : { port: Number(port) }),
    }
  })
  const good = hops.filter(hop => hop !== undefined)
  return good.length === hops.length ? good : undefined
}
