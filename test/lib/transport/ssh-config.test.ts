import { expect, test } from 'vitest'
import { opensshReason, type IdentityKind } from '../../../lib/transport/choose.ts'
import { masterArguments } from '../../../lib/transport/openssh-options.ts'
import { parseProxyJump, parseSshConfig } from '../../../lib/transport/ssh-config.ts'
import type { Target } from '../../../lib/transport/transport.ts'

const at = { home: '/home/ann', sshHome: '/root', user: 'ann', env: { KEYS: '/keys' } }

test('an answer of `ssh -G` is read, paths made whole', () => {
  const text = `host web1
user bob
hostname 203.0.113.9
port 2222
identitiesonly yes
identityagent none
securitykeyprovider internal
identityfile ~/.ssh/%n-%r
identityfile \${KEYS}/my key
certificatefile %d/.ssh/c-cert.pub
globalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2
userknownhostsfile /root/.ssh/known_hosts ~/kh
hostkeyalias web.example.com
proxyjump ann@b1:2200,b2
`
  expect(parseSshConfig(text, 'web1', at)).toEqual({
    hostname: '203.0.113.9',
    port: 2222,
    user: 'bob',
    identityFiles: ['/home/ann/.ssh/web1-bob', '/keys/my key'],
    identitiesOnly: true,
    agent: 'none',
    knownHostsFiles: [
      '/home/ann/.ssh/known_hosts',
      '/home/ann/kh',
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
    ],
    hostKeyAlias: 'web.example.com',
    proxyJump: 'ann@b1:2200,b2',
    certificateFiles: ['/home/ann/.ssh/c-cert.pub'],
  })
})

test.each([
  ['SSH_AUTH_SOCK', undefined],
  ['$KEYS', '/keys'],
  ['~/agent', '/home/ann/agent'],
])('IdentityAgent %s', (value, agent) => {
  expect(parseSshConfig(`identityagent ${value}\n`, 'web1', at).agent).toBe(agent)
})

test('a proxy command stays as it is; `none` is none', () => {
  const config = parseSshConfig('proxycommand nc %h %p\nproxyjump none\npkcs11provider none\n', 'web1', at)
  expect(config).toMatchObject({ proxyCommand: 'nc %h %p' })
  expect(config).not.toHaveProperty('proxyJump')
  expect(config).not.toHaveProperty('pkcs11Provider')
})

test.each([
  ['bastion', [{ alias: 'bastion' }]],
  ['ann@b1:2200, b2', [{ alias: 'b1', user: 'ann', port: 2200 }, { alias: 'b2' }]],
  ['ssh://ann@[2001:db8::1]:22', [{ alias: '2001:db8::1', user: 'ann', port: 22 }]],
  ['a@b@host', [{ alias: 'host', user: 'a@b' }]],
  ['-oProxyCommand=x', undefined],
  ['b1,,b2', undefined],
])('the hops of %s', (text, hops) => {
  expect(parseProxyJump(text)).toEqual(hops)
})

const target: Target = { name: 'web1', address: '203.0.113.9', port: 22, user: 'ops', hostKeys: ['k'] }

test.each<[string, Partial<Target>, Record<string, IdentityKind>, boolean, string | undefined]>([
  ['nothing special', {}, {}, false, undefined],
  ['a proxy command', { openssh: { proxyCommand: 'x' } }, {}, false, 'ProxyCommand in ~/.ssh/config'],
  ['a certificate', { openssh: { certificateFiles: ['c'] } }, {}, false, 'CertificateFile in ~/.ssh/config'],
  ['a smart card', { openssh: { pkcs11Provider: 'x' } }, {}, false, 'PKCS11Provider in ~/.ssh/config'],
  ['an authority', { hostKeys: [], authorities: ['a'] }, {}, false, '@cert-authority in known_hosts'],
  ['an authority beside a pinned key', { authorities: ['a'] }, {}, false, undefined],
  ['a hardware key', { identityFile: 'a' }, { a: 'hardware' }, false, 'a hardware key (sk)'],
  ['a plain key too', { moreIdentityFiles: ['a', 'b'] }, { a: 'hardware', b: 'plain' }, false, undefined],
  [
    'the fleet names a plain key',
    { identityFile: 'b', moreIdentityFiles: ['a'] },
    { a: 'hardware', b: 'plain' },
    false,
    undefined,
  ],
  [
    'a certified key',
    { identityFile: 'a' },
    { a: 'certified' },
    false,
    'a certificate beside the identity file',
  ],
  ['only an agent of sk keys', {}, {}, true, "the agent's keys"],
])('why openssh: %s', (_name, more, kinds, foreign, reason) => {
  expect(opensshReason({ ...target, ...more }, new Map(Object.entries(kinds)), foreign)).toBe(reason)
})

test.each([
  [{ address: '-oProxyCommand=reboot' }],
  [{ address: 'a b' }],
  [{ address: '$(reboot)' }],
  [{ user: '-l' }],
  [{ user: '`id`' }],
  [{ openssh: { alias: '-F/tmp/x' } }],
])('a name that is an option or shell is refused: %j', more => {
  const places = { socket: '/tmp/s', knownHosts: '/tmp/k' }
  expect(() => masterArguments({ ...target, ...more }, places)).toThrow('is no name that SSH can connect to')
})

test('the master is strict, asks nobody and takes nothing else of the config', () => {
  const args = masterArguments(
    { ...target, identityFile: '/a "b" 100%' },
    { socket: '/t/s', knownHosts: '/t/k' },
  )
  for (const option of [
    'StrictHostKeyChecking=yes',
    'BatchMode=yes',
    'UpdateHostKeys=no',
    'UserKnownHostsFile="/t/k"',
    'GlobalKnownHostsFile=none',
    'IdentityAgent=none',
    String.raw`IdentityFile="/a \"b\" 100%%"`,
  ]) {
    expect(args).toContain(option)
  }
  expect(args.slice(0, 2)).toEqual(['-F', 'none'])
  expect(args.slice(-2)).toEqual(['--', '203.0.113.9'])
})
