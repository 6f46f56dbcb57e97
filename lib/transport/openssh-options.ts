import { ConfigError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { endpoint } from './endpoint.ts'
import { identityFiles } from './identity-file.ts'
import type { Target } from './transport.ts'

/** What may stand where OpenSSH or its ProxyCommand's shell could read more into it: never an option, never shell. */
const ADDRESS = /^[A-Za-z0-9_:][\w.:%-]*$/
const USER = /^[A-Za-z0-9_][\w.@+-]*$/

/** Throws ConfigError when the target's names could be read as an option or as shell. */
export function checkNames(target: Target): void {
  const names = [target.openssh?.alias, target.address, target.hostKeyAlias].filter(
    name => name !== undefined,
  )
  const wrong = names.find(name => !ADDRESS.test(name)) ?? (USER.test(target.user) ? undefined : target.user)
  if (wrong === undefined) return
  throw new ConfigError(`${JSON.stringify(wrong)} is no name that SSH can connect to`, {
    host: target.name,
    hint: 'letters, digits, dots, dashes and colons, not a dash first',
  })
}

/** A path as one word of a ssh_config value, without the tokens that ssh expands. Throws ConfigError for what none can hold. */
function path(text: string): string {
  if (/[\n\r\0]|\$\{/.test(text)) {
    throw new ConfigError(`${JSON.stringify(text)} cannot stand in an SSH configuration`)
  }
  return `"${text.replaceAll('%', '%%').replaceAll(/(["\\])/g, String.raw`\$1`)}"`
}

const option = (name: string, value: string): string[] => ['-o', `${name}=${value}`]

/** How every ssh of ours begins: nothing of the operator's config, and nobody asked but by our askpass. */
const base = (socket: string, asks = false): string[] => [
  '-F',
  'none',
  '-S',
  socket.replaceAll('%', '%%'),
  '-o',
  `BatchMode=${asks ? 'no' : 'yes'}`,
]

/** Seconds between two questions to the host, and how many may stay unanswered: a dead host is noticed in 20 s. */
const ALIVE = [...option('ServerAliveInterval', '5'), ...option('ServerAliveCountMax', '4')]

/** What the master prints once its socket listens. */
export const READY = 'fleetfile: ready'

/** The name after `--`; how ssh calls the host in its messages. */
const aliasOf = (target: Target): string => target.openssh?.alias ?? target.address

/** A command for ssh_config that reaches the target through another master. */
const throughMaster = (via: { readonly socket: string; readonly target: Target }, target: Target): string =>
  ['ssh', ...forwardArguments(via.socket, via.target, target.address, target.port)]
    .map(word => quote(word).replaceAll('%', '%%'))
    .join(' ')

/**
 * Names and values of ssh_config for a login as this target's: the strictest checks, and of the operator's own config
 * only what the target carries. How the host is reached is left to the caller. Throws ConfigError for names that are
 * none and paths that no option can hold.
 */
export function loginOptions(target: Target, knownHosts: string): readonly (readonly [string, string])[] {
  checkNames(target)
  const { openssh = {} } = target
  const files = identityFiles(target)
  return [
    ['StrictHostKeyChecking', 'yes'],
    ['UserKnownHostsFile', path(knownHosts)],
    ['GlobalKnownHostsFile', 'none'],
    ['UpdateHostKeys', 'no'],
    ['VerifyHostKeyDNS', 'no'],
    ['CheckHostIP', 'no'],
    ['HostKeyAlias', target.hostKeyAlias ?? target.address],
    ['HostName', target.address.replaceAll('%', '%%')],
    ['Port', String(target.port)],
    ['User', target.user],
    ['IdentityAgent', target.agent === undefined ? 'none' : path(target.agent)],
    ['IdentitiesOnly', target.identitiesOnly === true ? 'yes' : 'no'],
    // Without any ssh would take those of the login's home.
    ...(files.length === 0 ? ['none'] : files.map(path)).map(file => ['IdentityFile', file] as const),
    ...(openssh.certificateFiles ?? []).map(file => ['CertificateFile', path(file)] as const),
    ...named('PKCS11Provider', openssh.pkcs11Provider),
    ...named('SecurityKeyProvider', openssh.securityKeyProvider),
  ]
}

const named = (name: string, file: string | undefined) =>
  file === undefined ? [] : [[name, path(file)] as const]

/** The arguments of a master; `asks` when its environment has an askpass. Throws as `loginOptions` does. */
export function masterArguments(
  target: Target,
  places: { readonly socket: string; readonly knownHosts: string; readonly asks?: boolean },
  via?: { readonly socket: string; readonly target: Target },
): string[] {
  const proxy = via === undefined ? target.openssh?.proxyCommand : throughMaster(via, target)
  return [
    ...base(places.socket, places.asks),
    '-M',
    '-N',
    '-v',
    ...loginOptions(target, places.knownHosts).flatMap(([name, value]) => option(name, value)),
    ...option('PreferredAuthentications', 'publickey'),
    ...option('ControlPersist', 'no'),
    ...option('ClearAllForwardings', 'yes'),
    ...option('PermitLocalCommand', 'yes'),
    ...option('LocalCommand', `echo '${READY}'`),
    ...ALIVE,
    ...(proxy === undefined ? [] : option('ProxyCommand', proxy)),
    '--',
    aliasOf(target),
  ]
}

/** Where the master's socket is gone, ssh would connect by itself: a proxy that is none stops it. */
const ONLY_MASTER = option('ProxyCommand', 'false')

/** The arguments that run one line over a master. What ssh itself says goes to `log`, apart from the command's words. */
export const sessionArguments = (socket: string, target: Target, log: string, line: string): string[] => [
  ...base(socket),
  ...ONLY_MASTER,
  '-T',
  '-vv',
  '-E',
  log,
  '--',
  aliasOf(target),
  line,
]

/** The arguments that join stdin and stdout with a port as the host sees it. */
export function forwardArguments(socket: string, target: Target, address: string, port: number): string[] {
  if (!ADDRESS.test(address)) {
    throw new ConfigError(`${JSON.stringify(address)} is no address`, { host: target.name })
  }
  return [...base(socket), ...ONLY_MASTER, '-W', endpoint(address, port), '--', aliasOf(target)]
}

/** The arguments that ask a master whether it lives, or tell it to go. */
export const controlArguments = (socket: string, command: 'check' | 'exit'): string[] => [
  ...base(socket),
  '-O',
  command,
  '--',
  'master',
]
