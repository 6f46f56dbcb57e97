import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as kinds from '../../../../lib/resource/kinds/index.ts'
import type { Resource } from '../../../../lib/resource/resource.ts'
import { converge } from '../../../support/converge.ts'
import { NO_PATH, judge, pathOutput } from '../../../support/resource-case.ts'
import { scriptOf } from '../../../support/step-script.ts'

const directory = kinds.absentDirectory({ path: '/srv/app' })
const whole = kinds.absentDirectory({ path: '/srv/app', recursive: true })
const database = kinds.absentPostgresDatabase({ name: 'app' })
const lost = kinds.absentPostgresDatabase({ name: 'app', withData: true })
const role = kinds.absentPostgresRole('app')
const broker = (more: object) => JSON.stringify({ vhosts: [], users: [], permissions: [], ...more })
const vhost = kinds.rabbitmqAbsentVhost({ name: 'app' })
const permission = kinds.rabbitmqAbsentPermission({ user: 'sync', vhost: 'app' })
const rights = { user: 'sync', vhost: 'app', configure: '', write: '', read: '.*' }

test.each([
  [directory, NO_PATH, undefined, undefined],
  [directory, pathOutput('/srv/app', 'd 755 root root'), 'directory', 'rmdir "$path"'],
  [whole, pathOutput('/srv/app', 'd 755 root root'), 'directory and all in it', 'rm -rf --one-file-system'],
  [kinds.absentSwapFile(), '=\n', undefined, undefined],
  [kinds.absentSwapFile(), 'in use\nfile\nfstab\n=\n', 'in use, file, fstab', 'swapoff /swapfile\n'],
  [kinds.absentSysctl('net'), NO_PATH, undefined, undefined],
  [
    kinds.absentJournald(),
    pathOutput('/etc/systemd/journald.conf.d/60-fleet.conf', 'f 644 root root'),
    'file',
    'rm -f',
  ],
  [kinds.absentNftables(), '', undefined, undefined],
  [
    kinds.absentNftables(),
    'loaded\nfile\n',
    'loaded, file: every port opens',
    'nft delete table inet fleetfile\nrm',
  ],
  [database, '=\n', undefined, undefined],
  [database, '', undefined, undefined],
  [database, '=\ndatabase|app|7 MB\n', '7 MB, if it holds no table', 'then say withData'],
  [lost, '=\ndatabase|app|7 MB\nrole|app|\n', '7 MB of data are lost', `DROP DATABASE IF EXISTS "app"`],
  [role, '=\ndatabase|app|7 MB\n', undefined, undefined],
  [role, '=\nrole|app|\n', 'role', 'DROP ROLE IF EXISTS "app"'],
  [vhost, broker({}), undefined, undefined],
  [
    vhost,
    broker({ vhosts: [{ name: 'app' }] }),
    'vhost, if no message waits',
    'then say withMessages|or say withMessages',
  ],
  [permission, broker({}), undefined, undefined],
  [permission, broker({ permissions: [rights] }), '  .*', 'clear_permissions -p app sync'],
] satisfies [Resource, string, string | undefined, string | undefined][])(
  '%#',
  (resource, output, detail, script) => {
    const judged = judge(resource, output)
    expect(judged.detail).toBe(detail)
    expect(judged.steps.length > 0 ? judged.action : undefined).toBe(
      detail === undefined ? undefined : 'remove',
    )
    const wanted = script?.split('|').some(part => scriptOf(judged.steps[0])?.includes(part))
    expect(wanted).toBe(script === undefined ? undefined : true)
  },
)

test('a directory goes when it is empty, or with what is in it, and never through a link', () => {
  const folder = mkdtempSync(join(tmpdir(), "fleet it's"))
  const path = join(folder, 'a b')
  try {
    mkdirSync(path)
    writeFileSync(join(path, 'x'), '')
    symlinkSync(path, join(folder, 'link'))
    expect(() => converge(kinds.absentDirectory({ path: join(folder, 'link'), recursive: true }))).toThrow(
      'no directory',
    )
    expect(() => converge(kinds.absentDirectory({ path }))).toThrow('Directory not empty')
    expect(converge(kinds.absentDirectory({ path, recursive: true }))?.action).toBe('remove')
    expect(converge(kinds.absentDirectory({ path, recursive: true }))).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a swap file and its line of fstab go, other lines stay', () => {
  const folder = mkdtempSync('/tmp/fleet-swap')
  const [path, fstab] = [join(folder, 'swap'), join(folder, 'fstab')]
  const rewrite = (script: string) => script.replaceAll('/etc/fstab', fstab)
  try {
    writeFileSync(path, '')
    writeFileSync(fstab, `# x\n${path} none swap sw 0 0\n${path}2 none swap sw 0 0\n`)
    expect(converge(kinds.absentSwapFile(path), rewrite)?.detail).toBe('file, fstab')
    expect(converge(kinds.absentSwapFile(path), rewrite)).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  () => kinds.absentDirectory({ path: '/srv', recursive: true }),
  () => kinds.absentDirectory({ path: '/srv/../etc' }),
  () => kinds.absentSwapFile('/a b'),
  () => kinds.absentSysctl('../x'),
  () => kinds.absentPostgresRole('a"b'),
  () => kinds.absentPostgresDatabase({ name: '-x' }),
  () => kinds.rabbitmqAbsentVhost({ name: '-p' }),
  () => kinds.rabbitmqAbsentPermission({ user: 'a b', vhost: 'x' }),
  () => kinds.unit({ name: 'x', masked: true, active: true }),
])('refuses %#', make => {
  expect(make).toThrow(/not allowed|the system's|neither/)
})
