import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ConfigError } from '../errors.ts'
import { withLock } from '../lease/local-lock.ts'
import { Secret } from '../shell/secret.ts'
import { sanitise } from '../text/sanitise.ts'

export interface CertificateOptions {
  /** Where the authority and the certificates are kept; only the operator may read it. */
  readonly folder: string
  /** The first is the subject. */
  readonly names: readonly string[]
  readonly now: Date
  readonly signal: AbortSignal
}

export interface Certificate {
  /** The authority's certificate, for clients to trust. */
  readonly ca: string
  /** Key, certificate and chain in one, as HAProxy reads it. */
  readonly bundle: Secret
  readonly expires: Date
  readonly renewed: boolean
}

const DAY = 86_400_000
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/**
 * A certificate for a service's names, signed by an authority of our own: for fleets that no public authority can
 * reach. Made once and used until 30 days before its end, or until the names change. Whoever else wants one of this
 * authority at the same time waits.
 */
export async function ensureCertificate(options: CertificateOptions): Promise<Certificate> {
  const { folder, names, signal } = options
  const [subject] = names
  if (subject === undefined || !names.every(name => /^(\*\.)?[a-z0-9.-]+$/i.test(name))) {
    throw new ConfigError(`no certificate can be made for ${names.join(', ') || 'no name'}`)
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return withLock(join(folder, '.lock'), signal, () => certificateFor(subject, options))
}

async function certificateFor(
  subject: string,
  { folder, names, now, signal }: CertificateOptions,
): Promise<Certificate> {
  const ca = join(folder, 'ca.pem')
  const fresh = (file: string) => stillGood(file, now)
  if ((await fresh(ca)) === undefined) {
    const args = ['req', '-x509', ...KEY, '-days', '3650', '-subj', '/CN=Fleetfile own authority']
    await openssl(
      [
        ...args,
        '-addext',
        'basicConstraints=critical,CA:TRUE,pathlen:0',
        '-addext',
        'keyUsage=critical,keyCertSign,cRLSign',
      ],
      folder,
      'ca',
      signal,
    )
  }
  const authority = new X509Certificate(await readFile(ca))
  const leaf = join(folder, `${subject.replace('*', '_')}.pem`)
  const known = await fresh(leaf)
  const covers =
    known !== undefined && names.every(name => known.subjectAltName?.split(', ').includes(`DNS:${name}`))
  const renewed = !covers || !known.verify(authority.publicKey)
  if (renewed) {
    const alt = names.map(name => `DNS:${name}`).join(',')
    const args = [
      'req',
      '-x509',
      ...KEY,
      '-days',
      '397',
      '-subj',
      `/CN=${subject}`,
      '-CA',
      ca,
      '-CAkey',
      `${ca}.key`,
    ]
    await openssl(
      [
        ...args,
        '-addext',
        `subjectAltName=${alt}`,
        '-addext',
        'basicConstraints=critical,CA:FALSE',
        '-addext',
        'extendedKeyUsage=serverAuth',
      ],
      folder,
      leaf.slice(folder.length + 1, -4),
      signal,
    )
  }
  const [certificate, key, chain] = await Promise.all(
    [leaf, `${leaf}.key`, ca].map(file => readFile(file, 'utf8')),
  )
  const pem = certificate ?? ''
  return {
    ca: chain ?? '',
    bundle: new Secret(`certificate ${subject}`, `${pem}${key ?? ''}${chain ?? ''}`),
    expires: new Date(new X509Certificate(pem).validTo),
    renewed,
  }
}

/** The certificate in a file, unless it is missing, broken, not its key's, or has less than 30 days left. */
async function stillGood(file: string, now: Date): Promise<X509Certificate | undefined> {
  try {
    const certificate = new X509Certificate(await readFile(file))
    if (!certificate.checkPrivateKey(createPrivateKey(await readFile(`${file}.key`)))) return undefined
    return new Date(certificate.validTo).getTime() - now.getTime() > 30 * DAY ? certificate : undefined
  } catch {
    return undefined
  }
}

/** Makes a key and a certificate aside, then puts both in place: an interrupted run leaves the old pair. */
async function openssl(
  args: readonly string[],
  folder: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const file = join(folder, `${name}.pem`)
  const [key, certificate] = [`${file}.key.new`, `${file}.new`]
  // openssl writes the key with the umask; the file is made first so that it is never readable by others.
  await writeFile(key, '', { mode: 0o600 })
  const { failed, stderr, code } = await execa('openssl', [...args, '-keyout', key, '-out', certificate], {
    reject: false,
    cancelSignal: signal,
    stdin: 'ignore',
  })
  if (failed) {
    await rm(key, { force: true })
    const said = code === 'ENOENT' ? 'it is not installed' : sanitise(stderr, 'lines').trim()
    throw new ConfigError(`openssl failed: ${said}`, {
      hint: 'apt-get install openssl',
    })
  }
  await rename(key, `${file}.key`)
  await rename(certificate, file)
}
