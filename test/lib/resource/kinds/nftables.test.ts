import { expect, test } from 'vitest'
import { nftablesRules } from '../../../../lib/resource/kinds/nftables-rules.ts'
import { nftables } from '../../../../lib/resource/kinds/nftables.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { revealed } from '../../../../lib/shell/secret.ts'

const rules = { sshPort: 2222, ports: [{ port: 80 }] }
const { wanted } = nftables(rules)
const content = wanted.file.content instanceof Uint8Array ? '' : revealed(wanted.file.content)
const there = pathOutput('/etc/nftables.conf', 'f 644 root root', { content })

test.each([
  [`${NO_PATH}\n=live=\n`, /bytes, rules are not loaded/, 2],
  [`${there}\n=live=\n${wanted.version}\n`, undefined, 0],
  [`${there}\n=live=\n`, /^rules are not loaded$/, 1],
  [`${there}\n=live=\nversion_000000000000\n`, /^other rules are loaded$/, 1],
])('seen %j', (output, detail, steps) => {
  const judged = judge(nftables(rules), output)
  expect(judged.detail ?? '').toMatch(detail ?? /^$/)
  expect(judged.steps).toHaveLength(steps)
})

test('open connections and SSH come before anything that can drop', () => {
  const lines = nftablesRules({ sshPort: 2222, ports: [] })
    .split('\n')
    .map(line => line.trim())
  expect(lines.indexOf('tcp dport 2222 accept')).toBeLessThan(lines.indexOf('ct state invalid drop'))
  expect(lines.indexOf('ct state established,related accept')).toBeLessThan(
    lines.indexOf('tcp dport 2222 accept'),
  )
})

test.each([
  [{ port: 80 }, ['tcp dport 80 accept', 'ct status dnat meta l4proto tcp ct original proto-dst 80 accept']],
  [{ port: 60000, to: 61000, protocol: 'udp' as const }, ['udp dport 60000-61000 accept']],
  [
    { port: 5432, from: ['10.0.0.0/8', '10.1.2.3', 'fd00::/8'] },
    ['ip saddr { 10.0.0.0/8 } tcp dport 5432 accept', 'ip6 saddr { fd00::/8 } tcp dport 5432 accept'],
  ],
  [{ port: 5432, from: ['192.0.2.7', '192.0.2.7'] }, ['ip saddr { 192.0.2.7/32 } tcp dport 5432 accept']],
])('%j', (port, lines) => {
  const text = nftablesRules({ sshPort: 22, ports: [port] })
  for (const line of lines) expect(text).toContain(`    ${line}\n`)
})

test('a port with an empty list of sources is closed', () => {
  expect(nftablesRules({ sshPort: 22, ports: [{ port: 5432, from: [] }] })).not.toContain('5432')
})

test.each([
  { port: 0 },
  { port: 65_536 },
  { port: 90, to: 80 },
  { port: 80, from: ['10.0.0.0/33'] },
  { port: 80, from: ['10.0.0.0/'] },
  { port: 80, from: ['example.com'] },
  { port: 80, from: ['10.0.0.1 } accept; #'] },
  { port: 80, from: ['fe80::1%eth0'] },
])('refuses %j', port => {
  expect(() => nftablesRules({ sshPort: 22, ports: [port] })).toThrow('is not allowed')
})
