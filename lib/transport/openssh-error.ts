import { ConfigError, type FleetError } from '../errors.ts'
import { connectError } from './connect-error.ts'
import { hostKeyRefused } from './host-key-error.ts'
import type { ShownKey } from './host-key.ts'
import { identityFiles } from './identity-file.ts'
import type { Target } from './transport.ts'

/** The words of OpenSSH's client (its sshconnect.c and misc.c, and the system's strerror), and Node's code for the same. */
const CODES: readonly (readonly [RegExp, string])[] = [
  [/Connection refused/, 'ECONNREFUSED'],
  [/No route to host|Host is down/, 'EHOSTUNREACH'],
  [/Network is (unreachable|down)/, 'ENETUNREACH'],
  [/timed out/, 'ETIMEDOUT'],
  [/Could not resolve hostname .*(Temporary failure|Try again)/i, 'EAI_AGAIN'],
  [/Could not resolve hostname/, 'ENOTFOUND'],
  [/kex_exchange_identification|banner exchange|Connection (reset|closed)|Broken pipe/, 'ECONNRESET'],
]

const lines = (text: string): string[] => text.split(/\r?\n/).filter(line => line !== '')

/** What ssh said that is no debug message. */
export const spoken = (log: string): string[] => lines(log).filter(line => !/^debug\d: /.test(line))

/** The key that the host showed, from `-v`. */
function shownIn(log: string): ShownKey | undefined {
  const [, type, fingerprint] =
    /^debug1: Server host (?:key|certificate): (\S+) (SHA256:[^\s,]+)/m.exec(log) ?? []
  return type === undefined || fingerprint === undefined ? undefined : { type, fingerprint }
}

/** What went wrong with a PKCS#11 token (the words of ssh-pkcs11.c). */
function tokenNote(log: string): string | undefined {
  const [, refused] = /^PKCS#11 login failed: (.*)/m.exec(log) ?? []
  if (refused !== undefined) return `the token refused: ${refused}`
  if (/^pin required$/m.test(log)) return 'the token wants its PIN, and nobody can be asked here'
  if (/^pkcs11_get_key failed/m.test(log)) return 'the token was given no right PIN'
  const [, missing] = /^(dlopen .* failed: .*|provider .* is not a PKCS11 library)$/m.exec(log) ?? []
  return missing
}

/** A master that ended before it was ready, by what it said with `-v`, in the words of the other transport. */
export function masterError(target: Target, log: string, timeout: number): FleetError {
  const said = spoken(log)
  const text = said.join('\n')
  const shown = shownIn(log)
  if (
    /Host key verification failed|host key is known for|host key .*revoked/i.test(text) &&
    shown !== undefined
  ) {
    return hostKeyRefused(target, shown)
  }
  const bad = said.find(line =>
    /Bad configuration option|Unsupported option|garbage at end of line/.test(line),
  )
  if (bad !== undefined) return new ConfigError(`the OpenSSH client refuses: ${bad}`, { host: target.name })
  const [, forward] = /[Ss]tdio forwarding request failed: (.*)/.exec(text) ?? []
  if (forward !== undefined) {
    const jump = target.jumps?.at(-1)?.name ?? 'the jump'
    return connectError(target, new Error(`no way through ${jump} (${forward})`), timeout)
  }
  const [, methods] = /Permission denied \(([^)]*)\)/.exec(text) ?? []
  if (methods !== undefined) {
    const [, agent] = /get_agent_identities: ssh_get_authentication_socket: (.*)/.exec(log) ?? []
    if (agent !== undefined && identityFiles(target).length === 0) {
      return connectError(target, Object.assign(new Error(agent), { level: 'agent' }), timeout)
    }
    const cause = Object.assign(new Error(text), { level: 'client-authentication' })
    const locked =
      /^debug1: .*(?:passphrase|incorrect passphrase).*|Load key "([^"]+)": .*(?:passphrase|libcrypto)/m
    const note =
      tokenNote(log) ?? (locked.test(log) ? 'an identity file is encrypted; ssh-add it' : undefined)
    return connectError(target, cause, timeout, { methods: methods.split(','), note })
  }
  const [, line] = /^debug1: kex_exchange_identification: banner line 0: (.*)/m.exec(log) ?? []
  const known = CODES.find(([words]) => words.test(text))
  const cause = new Error(said.at(-1) ?? 'ssh ended without a word')
  const coded = known === undefined ? cause : Object.assign(cause, { code: known[1] })
  return connectError(target, coded, timeout, { said: line?.trim() })
}
