import { X509Certificate } from 'node:crypto'
import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { absolutePath, fileMode, userName, wholeNumber } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import { ownershipDiff } from '../paths.ts'
import type { Handler, Kind, Resource } from '../resource.ts'
import type { Authority } from './certificate-issue.ts'
import { issueCertificate } from './certificate-issue.ts'
import { certificateFaults, observeCertificate, parseCertificates, serverNames } from './certificate-seen.ts'
import { fileKind, fileWanted, writeFileStep } from './file.ts'

export interface CertificateOptions {
  /** One PEM file with key, certificate and authority, as HAProxy and nginx (twice) read it. */
  readonly path: string
  /** The first is the subject. */
  readonly names: readonly string[]
  readonly authority: Authority
  readonly now: Date
  /** 90 unless told. */
  readonly days?: number
  /** Made anew when fewer days are left; 30 unless told. */
  readonly renewDays?: number
  /** 0o600 unless told. */
  readonly mode?: number
  /** root unless told. */
  readonly owner?: string
  readonly group?: string
  readonly notify?: readonly Handler[]
}

export interface CertificateWanted extends Required<Omit<CertificateOptions, 'notify'>> {
  readonly issuer: X509Certificate
}

export interface CertificateSeen {
  readonly file: PathSeen
  readonly certificate: X509Certificate | undefined
}

const SEPARATOR = '\n=certificates=\n'

/** Of the file's content only the certificate is read: the key never comes back. */
const blank = (wanted: readonly CertificateWanted[]) =>
  wanted.map(({ path, mode, owner, group }) => fileWanted({ path, mode, owner, group, content: '' }))

function faults(wanted: CertificateWanted, { certificate: seen }: CertificateSeen): string[] {
  if (!seen) return ['no certificate']
  return certificateFaults(seen, { ...wanted, authority: wanted.issuer.publicKey })
}

export const certificateKind: Kind<CertificateWanted, CertificateSeen> = {
  name: 'certificate',
  observe: wanted => `${fileKind.observe(blank(wanted))}
printf '\\n=certificates=\\n'
${wanted.map(({ path }) => observeCertificate(quote(path))).join('\n')}`,
  parse(output, wanted) {
    const at = output.indexOf(SEPARATOR)
    const files = fileKind.parse(output.slice(0, at), blank(wanted))
    const certificates = parseCertificates(output.slice(at + SEPARATOR.length), wanted.length)
    return wanted.map((_, index) => {
      const file = files[index]
      if (!file) throw new RangeError('certificate: an item was not seen')
      return { file, certificate: certificates[index] }
    })
  },
  diff(wanted, seen) {
    if (seen.file.type === 'absent') return { action: 'create', detail: wanted.names.join(', ') }
    const parts = [...faults(wanted, seen), ...ownershipDiff(wanted, seen.file)]
    return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
  },
  act(wanted, seen) {
    const { path, names, mode, owner, group, authority, days } = wanted
    if (seen.file.type === 'file' && faults(wanted, seen).length === 0) {
      const script = `chown ${owner}:${group} ${quote(path)}\nchmod ${mode.toString(8)} ${quote(path)}`
      return [{ title: `set mode and owner of ${path}`, script }]
    }
    const content = issueCertificate(authority, names, days)
    return [writeFileStep(fileWanted({ path, content, mode, owner, group, parents: true }))]
  },
}

function issuerOf(authority: Authority): X509Certificate {
  try {
    return new X509Certificate(authority.certificate)
  } catch (cause) {
    throw new ConfigError("the authority's certificate is not a certificate in PEM", { cause })
  }
}

/**
 * A certificate of our own authority, for names that no public one can prove: made here by openssl when it is needed,
 * renewed before it ends, made anew for other names or another authority. It takes the old one's place in one move.
 */
export function certificate(options: CertificateOptions): Resource<CertificateWanted, CertificateSeen> {
  const path = absolutePath(options.path)
  const owner = userName(options.owner ?? 'root')
  const days = wholeNumber('days', options.days ?? 90, 1, 397)
  const wanted = {
    path,
    names: serverNames(options.names),
    authority: options.authority,
    issuer: issuerOf(options.authority),
    now: options.now,
    days,
    renewDays: wholeNumber('renewDays', options.renewDays ?? Math.min(30, Math.floor(days / 3)), 0, days - 1),
    mode: fileMode(options.mode ?? 0o600),
    owner,
    group: userName(options.group ?? owner),
  }
  return { id: `certificate ${path}`, kind: certificateKind, wanted, notify: options.notify ?? [] }
}
