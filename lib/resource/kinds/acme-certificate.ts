import type { X509Certificate } from 'node:crypto'
import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { absolutePath, allowed, wholeNumber } from '../check.ts'
import type { Handler, Kind, Resource } from '../resource.ts'
import {
  certificateFaults,
  dateOf,
  observeCertificate,
  parseCertificates,
  renewalOf,
  serverNames,
} from './certificate-seen.ts'

export interface AcmeCertificateOptions {
  /** A package of that name must be there, or come before it. */
  readonly program: 'certbot' | 'lego'
  /** The first names the files. */
  readonly names: readonly string[]
  readonly email: string
  /**
   * How the names are proven: a folder that a web server shows, or a DNS provider as the program calls it, with a file
   * on the host that holds its credentials and that root alone may read.
   */
  readonly challenge: { readonly webroot: string } | { readonly dns: string; readonly credentials: string }
  /** Another ACME server than the program's own. */
  readonly server?: string
  readonly now: Date
  /** Renewed when fewer days are left; 30 unless told. */
  readonly renewDays?: number
  readonly notify?: readonly Handler[]
}

export interface AcmeCertificateWanted {
  readonly program: 'certbot' | 'lego'
  readonly names: readonly string[]
  /** The program's own arguments: none is a secret. */
  readonly argv: readonly string[]
  /** For lego: variables with the credentials. */
  readonly variables: string | undefined
  /** The certificate with its chain. */
  readonly path: string
  readonly now: Date
  readonly renewDays: number
}

function script(
  { program, argv, variables, renewDays, names }: AcmeCertificateWanted,
  renew: boolean,
): string {
  const load = variables === undefined ? '' : `set -a\n. ${quote(variables)}\nset +a\n`
  const last = program === 'certbot' ? [] : renew ? ['renew', '--days', String(renewDays + 1)] : ['run']
  // Without a terminal lego sleeps up to eight minutes before it renews, for the sake of all who have it in cron.
  const awake =
    program === 'lego' && renew
      ? `awake=$(lego renew --help | sed -n 's/.*\\(--no-random-sleep\\).*/\\1/p')\n`
      : ''
  return `command -v ${program} >/dev/null || { echo "${program} is not installed: put packages(['${program}']) before it" >&2; exit 1; }
${load}${awake}${[program, ...argv, ...last].map(quote).join(' ')}${awake === '' ? '' : ' $awake'} || { echo ${quote(`no certificate for ${names.join(', ')}: the old one stays`)} >&2; exit 1; }`
}

export const acmeCertificateKind: Kind<AcmeCertificateWanted, X509Certificate | undefined> = {
  name: 'ACME certificate',
  observe: wanted => wanted.map(({ path }) => observeCertificate(quote(path))).join('\n'),
  parse: (output, wanted) => parseCertificates(output, wanted.length),
  diff(wanted, seen) {
    if (!seen) return { action: 'create', detail: wanted.names.join(', ') }
    const parts = certificateFaults(seen, wanted)
    return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
  },
  act(wanted, seen) {
    const missing = seen === undefined || certificateFaults(seen, { ...wanted, now: new Date(0) }).length > 0
    const title = `${missing ? 'get' : 'renew'} certificate ${wanted.names[0]} by ${wanted.program}`
    return [{ title, script: script(wanted, !missing), timeout: 900 }]
  },
  note(wanted, seen) {
    if (!seen || certificateFaults(seen, wanted).length > 0) return undefined
    const ends = dateOf(new Date(seen.validTo))
    return `ends on ${ends}, renewed from ${dateOf(renewalOf(seen, wanted.renewDays))} on`
  },
}

const LEGO = '/var/lib/lego'

function argvOf(options: AcmeCertificateOptions, name: string, names: readonly string[]): string[] {
  const email = allowed('email', options.email, /^[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9][A-Za-z0-9.-]*$/)
  const server =
    options.server === undefined
      ? []
      : ['--server', allowed('ACME server', options.server, /^https:\/\/[A-Za-z0-9][^\s@]*$/)]
  const domains = names.flatMap(item => ['-d', item])
  const { challenge, program } = options
  if ('dns' in challenge) {
    const dns = allowed('DNS provider', challenge.dns, /^[a-z0-9][a-z0-9-]*$/)
    if (program === 'lego') {
      return ['--accept-tos', '--email', email, '--path', LEGO, ...server, ...domains, '--dns', dns]
    }
    const how = [`--dns-${dns}`, `--dns-${dns}-credentials`, absolutePath(challenge.credentials)]
    return certbot(name, email, [...server, ...domains, ...how])
  }
  const webroot = absolutePath(challenge.webroot)
  if (names.some(item => item.startsWith('*.'))) {
    throw new ConfigError(`certificate ${name}: a name with * is proven by dns alone`)
  }
  if (program === 'lego') {
    const how = ['--http', '--http.webroot', webroot]
    return ['--accept-tos', '--email', email, '--path', LEGO, ...server, ...domains, ...how]
  }
  return certbot(name, email, [...server, ...domains, '--webroot', '-w', webroot])
}

/** When it is due is decided here: certbot is told to renew. */
const certbot = (name: string, email: string, more: readonly string[]): string[] => [
  'certonly',
  '-n',
  '--agree-tos',
  '-m',
  email,
  '--cert-name',
  name,
  '--force-renewal',
  ...more,
]

/**
 * A certificate that certbot or lego gets from an ACME server and that is renewed here, before it ends. Its key never
 * leaves the host. The program's own timer does no harm: whoever renews first, the other finds nothing due.
 */
export function acmeCertificate(
  options: AcmeCertificateOptions,
): Resource<AcmeCertificateWanted, X509Certificate | undefined> {
  const { program, challenge, now } = options
  const names = serverNames(options.names)
  const [first = ''] = names
  const name = first.replace(/^\*\./, program === 'lego' ? '_.' : '')
  const lego = program === 'lego'
  const wanted = {
    program,
    names,
    argv: argvOf(options, name, names),
    variables: lego && 'credentials' in challenge ? absolutePath(challenge.credentials) : undefined,
    path: lego ? `${LEGO}/certificates/${name}.crt` : `/etc/letsencrypt/live/${name}/fullchain.pem`,
    now,
    renewDays: wholeNumber('renewDays', options.renewDays ?? 30, 1, 89),
  }
  return { id: `ACME certificate ${first}`, kind: acmeCertificateKind, wanted, notify: options.notify ?? [] }
}
