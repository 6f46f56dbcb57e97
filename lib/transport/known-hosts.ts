import { createHmac } from 'node:crypto'
import { parsePublicKey } from './host-key.ts'

/** One usable line of a known_hosts file. */
export interface KnownHost {
  readonly patterns: readonly string[]
  /** `ssh-ed25519 AAAA...`, without comment. */
  readonly key: string
  readonly revoked: boolean
  /** The key of an authority, whose certificates count, and not of a host. */
  readonly authority: boolean
  /** Counted from 1. */
  readonly line: number
  readonly file: string
}

/** A line that says nothing about a pinned key, and why. */
export interface SkippedLine {
  readonly line: number
  readonly reason: string
}

export interface KnownHosts {
  readonly hosts: readonly KnownHost[]
  readonly skipped: readonly SkippedLine[]
}

/** The keys for one address. A revoked key is never among `keys`. */
export interface KnownKeys {
  readonly keys: readonly string[]
  readonly revoked: readonly string[]
  readonly authorities: readonly string[]
  /** Where each key stands, `file:line`. */
  readonly places: Readonly<Record<string, string>>
}

/**
 * Reads OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"); `file` is its path, for messages. Throws nothing:
 * bad lines are reported.
 */
export function parseKnownHosts(text: string, file = 'known_hosts'): KnownHosts {
  const hosts: KnownHost[] = []
  const skipped: SkippedLine[] = []
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1
    const words = raw.trim().split(/\s+/)
    const [first = ''] = words
    if (first === '' || first.startsWith('#')) continue
    const marker = first.startsWith('@') ? first : undefined
    const [names, type, base64] = marker === undefined ? words : words.slice(1)
    const key = parsePublicKey(`${type} ${base64}`)
    if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') {
      skipped.push({ line, reason: `unknown marker ${marker}` })
    } else if (names === undefined || type === undefined || key === undefined) {
      skipped.push({ line, reason: 'not a public key' })
    } else {
      const revoked = marker === '@revoked'
      const authority = marker === '@cert-authority'
      hosts.push({ patterns: names.split(','), key: `${type} ${base64}`, revoked, authority, line, file })
    }
  }
  return { hosts, skipped }
}

/** `host`, or `[host]:port` where the port is not 22: how known_hosts names a server. */
export const knownHostName = (address: string, port: number): string =>
  port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`

/** `|1|salt|hash`: the HMAC-SHA1 of the name under the salt, both in base64. */
function matchesHash(pattern: string, name: string): boolean {
  const [, version, salt, hash] = pattern.split('|')
  if (version !== '1' || salt === undefined || hash === undefined) return false
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

/** `*` and `?` as in ssh_config's PATTERNS; nothing else is special, not even a slash or a bracket. */
function matchesGlob(pattern: string, name: string): boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(name)
}

/** One matching `!pattern` takes the line out, whatever else matches. */
function matches(host: KnownHost, name: string): boolean {
  const test = (pattern: string) =>
    pattern.startsWith('|') ? matchesHash(pattern, name) : matchesGlob(pattern, name)
  return (
    !host.patterns.some(pattern => pattern.startsWith('!') && test(pattern.slice(1))) &&
    host.patterns.some(pattern => !pattern.startsWith('!') && test(pattern))
  )
}

/** Several files as one. */
export const joinKnownHosts = (files: readonly KnownHosts[]): KnownHosts => ({
  hosts: files.flatMap(file => file.hosts),
  skipped: files.flatMap(file => file.skipped),
})

/**
 * The keys that are known for `address` and `port`. Unlike OpenSSH a key of the plain address does not count for another
 * port of it, since another daemon may answer there; authorities and revoked keys count for every port, as there.
 */
export function knownKeys(known: KnownHosts, address: string, port: number): KnownKeys {
  const name = knownHostName(address, port)
  const found = known.hosts.filter(host => matches(host, name))
  const anyPort = known.hosts.filter(
    host => (host.revoked || host.authority) && matches(host, knownHostName(address, 22)),
  )
  const keysOf = (hosts: readonly KnownHost[]) => [...new Set(hosts.map(host => host.key))]
  const revoked = keysOf([...found, ...anyPort].filter(host => host.revoked))
  const isGood = (host: KnownHost) => !host.revoked && !revoked.includes(host.key)
  const pinned = found.filter(host => isGood(host) && !host.authority)
  return {
    keys: keysOf(pinned),
    revoked,
    authorities: keysOf([...found, ...anyPort].filter(host => isGood(host) && host.authority)),
    places: Object.fromEntries(pinned.toReversed().map(host => [host.key, `${host.file}:${host.line}`])),
  }
}

/** A line for known_hosts, without its newline. Throws TypeError when `key` is no public key or the address no name. */
export function formatKnownHost(address: string, port: number, key: string, comment = ''): string {
  const [type, base64] = key.trim().split(/\s+/)
  if (parsePublicKey(key) === undefined) throw new TypeError(`not a public key: ${JSON.stringify(key)}`)
  if (!/^[\w.:%-]+$/.test(address)) throw new TypeError(`not an address: ${JSON.stringify(address)}`)
  const words = [knownHostName(address, port), type, base64, comment.replace(/\s+/g, ' ').trim()]
  return words.join(' ').trimEnd()
}
