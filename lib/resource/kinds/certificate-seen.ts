import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { ConfigError } from '../../errors.ts'

const DAY = 86_400_000

/** Names of a server, `*.example.org` among them; never an option or anything that a shell reads otherwise. */
export function serverNames(names: readonly string[]): string[] {
  const bad = names.find(
    name => !/^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name),
  )
  if (bad !== undefined || names.length === 0) {
    throw new ConfigError(
      `certificate: ${bad === undefined ? 'want at least one name' : `${JSON.stringify(bad)} is no server's name`}`,
    )
  }
  return [...names]
}

/** Code that prints the first certificate of a file and nothing else of it, then a line with `=`. */
export const observeCertificate = (path: string): string =>
  `sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END CERTIFICATE-----/{p;/^-----END/q}' ${path} 2>/dev/null; echo =`

/** The certificates that were printed so, in order; undefined where there is none that can be read. */
export function parseCertificates(output: string, count: number): (X509Certificate | undefined)[] {
  const parts = output.split(/^=\n/m)
  return Array.from({ length: count }, (_, index) => {
    try {
      return new X509Certificate(parts[index] ?? '')
    } catch {
      return undefined
    }
  })
}

/** The day from which a certificate is to be renewed. */
export const renewalOf = (certificate: X509Certificate, days: number): Date =>
  new Date(new Date(certificate.validTo).getTime() - days * DAY)

/** The day of a date, as changes show it: `2026-11-22`. */
export const dateOf = (date: Date): string => date.toISOString().slice(0, 10)

/** Why another certificate is needed, in words; none when this one will do. */
export function certificateFaults(
  certificate: X509Certificate,
  wanted: {
    readonly names: readonly string[]
    readonly renewDays: number
    readonly now: Date
    readonly authority?: KeyObject
  },
): string[] {
  const covered = new Set((certificate.subjectAltName ?? '').split(', ').map(name => name.toLowerCase()))
  const missing = wanted.names.filter(name => !covered.has(`dns:${name.toLowerCase()}`))
  const due = renewalOf(certificate, wanted.renewDays) <= wanted.now
  return [
    ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
    ...(wanted.authority && !certificate.verify(wanted.authority) ? ['of another authority'] : []),
    ...(due ? [`renew: it ends on ${dateOf(new Date(certificate.validTo))}`] : []),
  ]
}
