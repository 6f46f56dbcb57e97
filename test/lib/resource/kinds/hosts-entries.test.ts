import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { absentHostsEntries, hostsEntries } from '../../../../lib/resource/kinds/hosts-entries.ts'
import type { Resource } from '../../../../lib/resource/resource.ts'
import { converge } from '../../../support/converge.ts'
import { judge } from '../../../support/resource-case.ts'

const wanted = hostsEntries({ entries: { '10.0.0.1': ['db1', 'db1.internal'], 'fd00::2': ['db2'] } })
const BLOCK = '# fleet fleet: begin\n10.0.0.1 db1 db1.internal\nfd00::2 db2\n# fleet fleet: end\n'

test.each([
  [wanted, '=\n', '+ 10.0.0.1 db1 db1.internal, + fd00::2 db2'],
  [wanted, `${BLOCK}=\n`, undefined],
  [wanted, `${BLOCK.replace('.2', '.3').replace('::2', '::3')}=\n`, '- fd00::3 db2, + fd00::2 db2'],
  [absentHostsEntries(), '=\n', undefined],
  [absentHostsEntries(), `${BLOCK}=\n`, '10.0.0.1 db1 db1.internal, fd00::2 db2'],
] satisfies [Resource, string, string | undefined][])('%#', (resource, output, detail) => {
  expect(judge(resource, output).detail).toBe(detail)
})

test('the block comes, changes and goes; other lines stay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-hosts'))
  const path = join(folder, 'hosts')
  const rewrite = (script: string) => script.replaceAll('/etc/hosts', path)
  const apply = (resource: Resource) => converge(resource, rewrite)?.action
  try {
    writeFileSync(path, '127.0.0.1 localhost\n10.0.0.1 theirs\n')
    expect(apply(wanted)).toBe('create')
    expect(apply(wanted)).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toBe(`127.0.0.1 localhost\n10.0.0.1 theirs\n${BLOCK}`)
    const other = hostsEntries({ name: 'other', entries: { '10.0.0.9': ['x'] } })
    expect(apply(other)).toBe('create')
    expect(apply(hostsEntries({ entries: { '10.0.0.7': ['db1'] } }))).toBe('change')
    expect(apply(absentHostsEntries())).toBe('remove')
    expect(apply(absentHostsEntries())).toBeUndefined()
    expect(apply(other)).toBeUndefined()
    writeFileSync(path, '# fleet fleet: begin\n1.1.1.1 a\n127.0.0.1 localhost\n')
    expect(() => apply(wanted)).toThrow('the block fleet has no end: repair it')
    expect(readFileSync(path, 'utf8')).toContain('localhost')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  { entries: {} },
  { entries: { x: ['a'] } },
  { entries: { '1.1.1.1': [] } },
  { entries: { '1.1.1.1': ['a b'] } },
  { entries: { '1.1.1.1': ['a\n2.2.2.2 b'] } },
  { entries: { '1.1.1.1': ['-a'] } },
  { name: 'a b', entries: { '1.1.1.1': ['a'] } },
])('refuses %j', bad => {
  expect(() => hostsEntries(bad)).toThrow(/no |not allowed|at least one/)
})
