import { execFileSync } from 'node:child_process'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AcmeCertificateOptions } from '../../../../lib/resource/kinds/acme-certificate.ts'
import { acmeCertificate } from '../../../../lib/resource/kinds/acme-certificate.ts'
import type { Authority } from '../../../../lib/resource/kinds/certificate-issue.ts'
import { issueCertificate } from '../../../../lib/resource/kinds/certificate-issue.ts'
import type { CertificateOptions } from '../../../../lib/resource/kinds/certificate.ts'
import { certificate } from '../../../../lib/resource/kinds/certificate.ts'
import { Secret, revealed } from '../../../../lib/shell/secret.ts'
import { converge } from '../../../support/converge.ts'
import { judge } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const now = new Date()
const later = (days: number) => new Date(now.getTime() + days * 86_400_000)
const owner = userInfo().username
const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()
let folder = ''
let ours: Authority
let theirs: Authority

function authority(name: string): Authority {
  const [key, ca] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
  ]
  const where = ['-subj', `/CN=${name}`, '-keyout', key, '-out', ca]
  execFileSync('openssl', [...args, ...where], { stdio: 'ignore' })
  return { certificate: readFileSync(ca, 'utf8'), key: new Secret('ca', readFileSync(key, 'utf8')) }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fleet it's certificates"))
  ours = authority('ours')
  theirs = authority('theirs')
})
afterAll(() => rmSync(folder, { recursive: true }))

const wanted = (more: Partial<CertificateOptions> = {}) =>
  certificate({
    path: join(folder, 'tls', 'a.pem'),
    names: ['db1.internal', '*.db'],
    authority: ours,
    now,
    owner,
    group,
    ...more,
  })

test('it is made once, renewed in time, and made anew for other names or another authority', () => {
  const path = join(folder, 'tls', 'a.pem')
  expect(converge(wanted())?.detail).toBe('db1.internal, *.db')
  expect(converge(wanted())).toBeUndefined()
  const pem = readFileSync(path, 'utf8')
  const made = new X509Certificate(pem)
  expect(made.checkPrivateKey(createPrivateKey(pem))).toBe(true)
  expect(made.verify(new X509Certificate(ours.certificate).publicKey)).toBe(true)
  expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(converge(wanted({ now: later(59) }))).toBeUndefined()
  expect(converge(wanted({ now: later(61) }))?.detail).toMatch(/^renew: it ends on \d{4}-\d\d-\d\d$/)
  expect(converge(wanted({ names: ['db1.internal', 'db2'] }))?.detail).toBe('without db2')
  expect(converge(wanted({ names: ['db2'], authority: theirs }))?.detail).toBe('of another authority')
  expect(converge(wanted({ names: ['db2'], authority: theirs, mode: 0o640 }))?.detail).toBe('0600 -> 0640')
  expect(converge(wanted({ names: ['db2'], authority: theirs, mode: 0o640 }))).toBeUndefined()
  writeFileSync(path, 'broken')
  expect(converge(wanted({ mode: 0o640 }))?.detail).toBe('no certificate')
})

test('no key shows, nor comes back from the host', () => {
  const { steps } = judge(wanted(), `\0\n=certificates=\n=\n`)
  expect(JSON.stringify(steps)).not.toContain('PRIVATE KEY')
  expect(wanted().kind.observe([wanted().wanted])).not.toContain('cat ')
})

const acme = (more: Partial<AcmeCertificateOptions> = {}) =>
  acmeCertificate({
    program: 'certbot',
    names: ['www.example.org', 'example.org'],
    email: 'ops@example.org',
    challenge: { webroot: '/var/www/my site' },
    now,
    ...more,
  })

test.each([
  [
    {},
    `certbot certonly -n --agree-tos -m ops@example.org --cert-name www.example.org --force-renewal -d www.example.org -d example.org --webroot -w '/var/www/my site' ||`,
  ],
  [
    { challenge: { dns: 'cloudflare', credentials: '/etc/dns.ini' }, names: ['*.example.org'] },
    `--cert-name example.org --force-renewal -d '*.example.org' --dns-cloudflare --dns-cloudflare-credentials /etc/dns.ini ||`,
  ],
  [
    { program: 'lego' as const, challenge: { dns: 'hetzner', credentials: '/etc/dns env' } },
    `set -a\n. '/etc/dns env'\nset +a\nlego --accept-tos --email ops@example.org --path /var/lib/lego -d www.example.org -d example.org --dns hetzner run ||`,
  ],
  [
    { program: 'lego' as const, server: 'https://ca.internal/dir' },
    `--server https://ca.internal/dir -d www.example.org -d example.org --http --http.webroot '/var/www/my site' run ||`,
  ],
])('%j', (more, command) => {
  expect(scriptOf(judge(acme(more), '=\n').steps[0])).toContain(command)
})

test('a program gets it, the plan says when it is renewed, and then it is', () => {
  const [root, bin, given] = ['letsencrypt', 'bin', 'given'].map(name => join(folder, name))
  if (root === undefined || bin === undefined || given === undefined) throw new Error('three paths')
  mkdirSync(bin)
  // Without a quote in it: it stands in code that quotes its words.
  const live = join(root, 'live', 'www.example.org')
  writeFileSync(given, revealed(issueCertificate(ours, ['www.example.org', 'example.org'], 90)))
  const fake = `#!/bin/sh\nset -e\n[ "$1" = certonly ]\nmkdir -p "$LIVE"\ncp "$GIVEN" "$LIVE/fullchain.pem"\n`
  writeFileSync(join(bin, 'certbot'), fake, { mode: 0o755 })
  const words = { PATH: `${bin}:/usr/bin:/bin`, LIVE: live, GIVEN: given }
  const exports = Object.entries(words)
    .map(([key, value]) => `export ${key}="${value}"`)
    .join('\n')
  const rewrite = (script: string) =>
    `${exports}\n${script.replaceAll('/etc/letsencrypt/live/www.example.org/fullchain.pem', '"$LIVE/fullchain.pem"')}`
  expect(converge(acme(), rewrite)?.action).toBe('create')
  expect(converge(acme(), rewrite)).toBeUndefined()
  expect(converge(acme({ now: later(61) }), rewrite)?.detail).toMatch(/^renew: it ends on/)
  const output = `${readFileSync(given, 'utf8').replace(/^[^]*?END PRIVATE KEY-----\n/, '')}=\n`
  expect(judge(acme(), output).note).toMatch(/^ends on \d{4}-\d\d-\d\d, renewed from \d{4}-\d\d-\d\d on$/)
  expect(scriptOf(judge(acme({ now: later(61), program: 'lego' }), output).steps[0])).toContain(
    'renew --days 31 $awake ||',
  )
  writeFileSync(join(bin, 'certbot'), '#!/bin/sh\necho rate limited\nexit 1\n')
  expect(() => converge(acme({ names: ['www.example.org', 'new.example.org'] }), rewrite)).toThrow(
    'no certificate for www.example.org, new.example.org: the old one stays',
  )
})

test.each([
  { names: [] },
  { names: ['-d'] },
  { names: ['a b'] },
  { names: ['a\nb'] },
  { names: ['*.example.org'] },
  { email: '-x@y' },
  { email: 'a b@c' },
  { challenge: { webroot: 'www' } },
  { challenge: { dns: 'x y', credentials: '/x' } },
  { server: 'http://x' },
  { renewDays: 0 },
])('refuses %j', bad => {
  expect(() => acme(bad)).toThrow(/not allowed|no server|at least one|dns alone/)
})

test('an authority that is none is refused', () => {
  expect(() => wanted({ authority: { certificate: 'x', key: new Secret('k', 'x') } })).toThrow(
    'not a certificate',
  )
  const broken = wanted({ authority: { ...ours, key: new Secret('k', 'hunter2') } })
  expect(() => judge(broken, `\0\n=certificates=\n=\n`)).toThrow(
    /^(?!.*hunter2).*openssl made no certificate/,
  )
})
