import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { Secret, secretText } from '../../shell/secret.ts'
import { sanitise } from '../../text/sanitise.ts'

/** An authority of our own. Its key stays on the operator's machine, or comes from the fleet's secrets. */
export interface Authority {
  /** PEM. Also what clients trust. */
  readonly certificate: string
  /** PEM. */
  readonly key: Secret
}

/** openssl opens its files by name, which works on pipes only: Node's own are sockets. Neither key touches a disk. */
const SCRIPT = 'cat | openssl "$@" -CAkey /dev/stdin -keyout /dev/stdout -out /dev/stdout | cat'

/** A new key with its certificate for these names, and the authority's certificate behind it. */
export function issueCertificate(authority: Authority, names: readonly string[], days: number): Secret {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-certificate-'))
  try {
    const ca = join(folder, 'ca.pem')
    writeFileSync(ca, authority.certificate)
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const extensions = [
      `subjectAltName=${names.map(name => `DNS:${name}`).join(',')}`,
      'basicConstraints=critical,CA:FALSE',
      'extendedKeyUsage=serverAuth',
    ].flatMap(extension => ['-addext', extension])
    // A common name holds 64 characters at most; clients read the other names.
    const subject = `/CN=${(names[0] ?? '').slice(0, 64)}`
    const args = [...request, '-days', String(days), '-subj', subject, '-CA', ca, ...extensions]
    const { stdout, stderr } = spawnSync('sh', ['-c', SCRIPT, 'sh', ...args], {
      input: authority.key.reveal(),
      encoding: 'utf8',
    })
    if (!/-----BEGIN PRIVATE KEY-----[^]*-----END CERTIFICATE-----/.test(stdout)) {
      throw new ConfigError(`openssl made no certificate: ${sanitise(stderr, 'lines').trim()}`, {
        hint: 'apt-get install openssl',
      })
    }
    return secretText`${new Secret(`certificate ${names[0] ?? ''}`, stdout)}${authority.certificate.trim()}\n`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
