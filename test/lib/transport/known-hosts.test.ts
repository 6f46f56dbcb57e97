import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  formatKnownHost,
  joinKnownHosts,
  knownKeys,
  parseKnownHosts,
} from '../../../lib/transport/known-hosts.ts'
import { makeKey } from '../../support/ssh-server.ts'

const [A, B] = [makeKey().public, makeKey('ecdsa').public]

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij')
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}

const keys = (text: string, address: string, port = 22) =>
  knownKeys(parseKnownHosts(text), address, port).keys

test.each<[string, string, string, number, string[]]>([
  ['a plain name', `web1 ${A}`, 'web1', 22, [A]],
  ['a comment after the key', `web1 ${A} root@web1 since 2026`, 'web1', 22, [A]],
  ['tabs and CRLF', `web1\t${A.replace(' ', '\t')}\r\n`, 'web1', 22, [A]],
  ['capitals', `Web1.Example.COM ${A}`, 'web1.example.com', 22, [A]],
  ['a list of names', `web1,203.0.113.9 ${A}`, '203.0.113.9', 22, [A]],
  ['another name', `web1 ${A}`, 'web10', 22, []],
  ['two keys', `web1 ${A}\nweb1 ${B}`, 'web1', 22, [A, B]],
  ['the same key twice', `web1 ${A}\nweb1,web2 ${A}`, 'web1', 22, [A]],
  ['an address of IPv6', `2001:db8::1 ${A}`, '2001:db8::1', 22, [A]],
  ['a port', `[web1]:2222 ${A}`, 'web1', 2222, [A]],
  ['another port', `[web1]:2222 ${A}`, 'web1', 22, []],
  ['the plain name does not count for another port', `web1 ${A}`, 'web1', 2222, []],
  ['IPv6 and a port', `[2001:db8::1]:2222 ${A}`, '2001:DB8::1', 2222, [A]],
  ['a hashed name', `${hashed('web1')} ${A}`, 'web1', 22, [A]],
  ['a hashed name and port', `${hashed('[web1]:2222')} ${A}`, 'web1', 2222, [A]],
  ['another hashed name', `${hashed('web2')} ${A}`, 'web1', 22, []],
  ['a broken hash', `|1|abc ${A}\n|2|YQ==|YQ== ${A}`, 'web1', 22, []],
  ['a wildcard', `*.example.com ${A}`, 'web1.example.com', 22, [A]],
  ['a dot is a dot', `web1.example.com ${A}`, 'web1-example.com', 22, []],
  ['a question mark', `web? ${A}`, 'web1', 22, [A]],
  ['a name taken out', `*,!web1 ${A}`, 'web1', 22, []],
  ['a name taken out alone matches nothing', `!web2 ${A}`, 'web1', 22, []],
  ['a revoked key', `web1 ${A}\n@revoked * ${A}\nweb1 ${B}`, 'web1', 22, [B]],
  ['a certificate authority', `@cert-authority * ${A}`, 'web1', 22, []],
  ['a comment line', `# web1 ${A}\n\n  \nweb1 ${A}`, 'web1', 22, [A]],
])('%s', (_name, text, address, port, expected) => {
  expect(keys(text, address, port)).toEqual(expected)
})

test('a revoked key is told apart', () => {
  expect(knownKeys(parseKnownHosts(`web1 ${A}\n@revoked web1 ${A}`), 'web1', 22)).toEqual({
    keys: [],
    revoked: [A],
    authorities: [],
    places: {},
  })
})

test('lines that cannot be used are reported with their number', () => {
  const text = `# hosts\nweb1 ssh-ed25519 !!!\nweb1\n@other web1 ${A}\nweb1 ssh-rsa ${A.split(' ')[1]}`
  expect(parseKnownHosts(text)).toEqual({
    hosts: [],
    skipped: [
      { line: 2, reason: 'not a public key' },
      { line: 3, reason: 'not a public key' },
      { line: 4, reason: 'unknown marker @other' },
      { line: 5, reason: 'not a public key' },
    ],
  })
})

test.each<[string, number]>([
  ['web1.example.com', 22],
  ['203.0.113.9', 2222],
  ['2001:db8::1', 22],
  ['2001:db8::1', 2222],
])('a written line is read back: %s %i', (address, port) => {
  const line = formatKnownHost(address, port, `${A} made by a tool`, 'fleet\nfile')
  expect(line.split('\n').length).toBe(1)
  expect(line.endsWith(' fleet file')).toBe(true)
  expect(keys(line, address, port)).toEqual([A])
})

test('what is no key or no address is not written', () => {
  expect(() => formatKnownHost('web1', 22, 'ssh-ed25519 nonsense')).toThrow(TypeError)
  expect(() => formatKnownHost('web1 evil', 22, A)).toThrow(TypeError)
  expect(() => formatKnownHost('*', 22, A)).toThrow(TypeError)
})

test('an authority vouches for hosts by its certificates, and is no key of theirs; it may be revoked as well', () => {
  const text = `@cert-authority *.example.com,!db.example.com ${A}\nweb1.example.com ${B}`
  const known = parseKnownHosts(text, '/home/ann/.ssh/known_hosts')
  expect(knownKeys(known, 'web1.example.com', 22)).toEqual({
    keys: [B],
    revoked: [],
    authorities: [A],
    places: { [B]: '/home/ann/.ssh/known_hosts:2' },
  })
  expect(knownKeys(known, 'web1.example.com', 2222)).toMatchObject({ keys: [], authorities: [A] })
  expect(knownKeys(known, 'db.example.com', 22).authorities).toEqual([])
  expect(knownKeys(parseKnownHosts(`${text}\n@revoked * ${A}`), 'web1.example.com', 22)).toMatchObject({
    authorities: [],
    revoked: [A],
  })
})

test('the place of a key is the first line that has it, in the first file', () => {
  const files = [parseKnownHosts(`\nweb1 ${A}`, 'a'), parseKnownHosts(`web1 ${A}\nweb1 ${B}`, 'b')]
  expect(knownKeys(joinKnownHosts(files), 'web1', 22).places).toEqual({ [A]: 'a:2', [B]: 'b:2' })
})
