import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { AbortedError, ConnectError } from '../../../lib/errors.ts'
import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import { backUp } from '../../../lib/migration/backup.ts'
import { markedHosts, spreadMark } from '../../../lib/migration/migrated.ts'
import { migrate } from '../../../lib/migration/migrate.ts'
import { runMigration } from '../../../lib/migration/run-migration.ts'
import { unflipped } from '../../../lib/swap/unflipped.ts'
import { editionOf } from '../../../lib/release/manifest.ts'
import { hostContext } from '../../../lib/task/host-context.ts'
import { folder } from '../../support/folder.ts'
import { RunHost } from '../../support/run-folders.ts'
import { fakeSwap, type FakeSwap } from '../swap/fake-swap.ts'
import { testManifest } from '../../support/manifest.ts'

const manifest = testManifest({ label: 'v2', config: '11111111', stopSeconds: 10 })
const MARK = `/etc/fleetfile/web/${editionOf(manifest)}.migrated`

/** Hosts with a shell each, and a `docker` that only writes down what it is called with. */
function service(names: readonly string[], away: readonly string[] = []) {
  const all = [...names, ...away]
  const machines = new Map(all.map(name => [name, new RunHost(name)]))
  const down = new Set<string>()
  const at = (name: string, path: string) => join(machines.get(name)?.root ?? '', path)
  for (const name of all) {
    const engine = at(name, 'docker')
    writeFileSync(
      engine,
      `#!/bin/sh\necho "$*" >>${at(name, 'calls')}
case $1 in
ps) cat ${at(name, 'going')} 2>/dev/null; exit 0;;
run) [ ! -e ${at(name, 'broken')} ] || { echo 'column is there already'; exit 1; };;
esac\n`,
    )
    chmodSync(engine, 0o755)
    mkdirSync(dirname(at(name, MARK)), { recursive: true })
  }
  const fake = fakeSwap(Object.fromEntries(all.map(name => [name, ''])))
  const { signal } = fake.ctx
  const hosts = fake.target.hosts
  const ctx = {
    ...fake.ctx,
    on: (host: (typeof hosts)[number]) => {
      const { transport, root } = machines.get(host.name) ?? new RunHost(host.name)
      const moved = {
        host: host.name,
        user: 'root',
        cost: transport.cost,
        forward: () => transport.forward(),
        close: () => transport.close(),
        exec: (command: string, options = {}) =>
          transport.exec(
            command
              .replaceAll('/etc/', `${root}/etc/`)
              .replaceAll('/run/', `${root}/run/`)
              .replaceAll(/(?<=^|\()docker/gm, `${root}/docker`),
            options,
          ),
      }
      const connect = () =>
        down.has(host.name)
          ? Promise.reject(new ConnectError('timed out', { host: host.name }))
          : Promise.resolve(moved)
      return hostContext(host, { planOnly: false, timeout: 10_000, signal, emit: () => undefined, connect })
    },
  }
  const part = (some: readonly string[]) => hosts.filter(({ name }) => some.includes(name))
  const swap = {
    ...fake,
    ctx,
    target: {
      ...fake.target,
      service: { ...fake.target.service, migrate: ['./migrate'] },
      hosts: part(names),
      away: part(away),
    },
  }
  const marked = () => all.filter(name => existsSync(at(name, MARK)))
  const ran = () =>
    all.filter(
      name => existsSync(at(name, 'calls')) && readFileSync(at(name, 'calls'), 'utf8').includes('./migrate'),
    )
  const mark = (name: string) => writeFileSync(at(name, MARK), '')
  const breaks = (name: string, does: boolean) =>
    does ? writeFileSync(at(name, 'broken'), '') : rmSync(at(name, 'broken'))
  const goesOn = (name: string) => writeFileSync(at(name, 'going'), 'c0ffee\n')
  return { swap, marked, ran, mark, goesOn, down, part, breaks, warnings: fake.warnings, notes: fake.notes }
}

test('it runs on the first host, every host gets its mark, and it never runs again', async () => {
  const { swap, marked, ran } = service(['web1', 'web2', 'web3'])
  expect(await migrate(swap, manifest)).toBe(true)
  expect([ran(), marked()]).toEqual([['web1'], ['web1', 'web2', 'web3']])
  expect(await migrate(swap, manifest)).toBe(false)
  expect(ran()).toEqual(['web1'])
})

test.each([
  ['another host than the first', ['web1', 'web2'], ['web3'], 'web2'],
  ['one in quarantine that answers', ['web1', 'web2'], ['web3'], 'web3'],
])('the mark of %s counts, and the others get it', async (_, names, away, holder) => {
  const { swap, marked, ran, mark } = service(names, away)
  mark(holder)
  expect(await migrate(swap, manifest)).toBe(false)
  expect(ran()).toEqual([])
  expect(marked()).toEqual(expect.arrayContaining(['web1', 'web2']))
})

test('with the host that migrated in quarantine and dead, the others know', async () => {
  const first = service(['web1', 'web2', 'web3'])
  await migrate(first.swap, manifest)
  first.down.add('web1')
  const { target } = first.swap
  const rest = {
    ...first.swap,
    target: { ...target, hosts: first.part(['web2', 'web3']), away: first.part(['web1']) },
  }
  expect(await migrate(rest, manifest)).toBe(false)
  expect(first.ran()).toEqual(['web1'])
})

test('a host that does not answer keeps nobody waiting, and is named when it cannot be told', async () => {
  const { swap, down, part, warnings, marked } = service(['web1', 'web2'], ['web3'])
  down.add('web2').add('web3')
  expect(await markedHosts(swap.ctx, part(['web1', 'web2']), part(['web3']), MARK)).toEqual([])
  await spreadMark(swap.ctx, part(['web1', 'web2']), [], MARK)
  expect(marked()).toEqual(['web1'])
  expect(warnings).toEqual(['web2: does not know of the migration: web2: timed out'])
})

test('the backup comes first, each time that the migration is to run; without it nothing is migrated', async () => {
  const { swap, marked, ran, part, notes } = service(['web1', 'web2'])
  const [host] = part(['web2'])
  if (host === undefined) throw new Error('unreachable')
  const withBackup = (command: string) => ({
    ...swap,
    target: {
      ...swap.target,
      backup: host,
      service: {
        ...swap.target.service,
        migrate: { expand: ['./migrate'], backup: { on: 'web2', command } },
      },
    },
  })
  await expect(migrate(withBackup('echo disk full >&2; exit 3'), manifest)).rejects.toMatchObject({
    exitCode: 7,
    message:
      'web2: the backup failed (exit code 3): nothing was migrated, and nothing has changed for users\n  disk full',
  })
  expect([ran(), marked()]).toEqual([[], []])
  expect(await migrate(withBackup('echo 12 tables'), manifest)).toBe(true)
  expect([ran(), notes]).toEqual([['web1'], ['12 tables']])
  expect(await migrate(withBackup('exit 3'), manifest)).toBe(false)
  const { backup: _, ...nowhere } = withBackup('true').target
  await expect(
    migrate({ ...swap, target: nowhere }, { ...manifest, config: '22222222' }),
  ).rejects.toMatchObject({
    exitCode: 2,
    message: 'the backup of web runs on web2, which does not exist yet',
  })
})

const backedUp = ({ target }: Pick<FakeSwap, 'target'>, host: FleetHost, command = 'true') => ({
  ...target,
  backup: host,
  service: { ...target.service, migrate: { expand: ['./migrate'], backup: { on: host.name, command } } },
})

test('a backup that a stopped run has left going is waited for, and the wait is told', async () => {
  const { swap, part, notes } = service(['web1', 'web2'])
  const [host] = part(['web2'])
  if (host === undefined) throw new Error('unreachable')
  const log = join(folder(), 'log')
  const target = backedUp(swap, host, `echo begun >>${log}; sleep 0.3; echo ended >>${log}`)
  await Promise.all([backUp({ ...swap, target }), backUp({ ...swap, target })])
  expect(readFileSync(log, 'utf8')).toBe('begun\nended\nbegun\nended\n')
  expect(notes).toEqual(['a backup of an earlier run still works there: waiting for its end'])
})

test('a migration that a stopped run has left going is waited for, and the wait is told', async () => {
  const { swap, part, notes, ran, goesOn } = service(['web1'])
  const [host] = part(['web1'])
  if (host === undefined) throw new Error('unreachable')
  goesOn('web1')
  await runMigration(swap, host, manifest, 'expand', ['./migrate'])
  expect(ran()).toEqual(['web1'])
  expect(notes).toEqual(['a migration of an earlier run still works there: waiting for its end'])
})

test.each([
  ['the backup', (swap: FakeSwap, host: FleetHost) => backUp({ ...swap, target: backedUp(swap, host) })],
  [
    'the contract migration',
    (swap: FakeSwap, host: FleetHost) => runMigration(swap, host, manifest, 'contract', ['./migrate']),
  ],
])('a stop during %s says that it may go on, and what serves', async (what, work) => {
  const swap = fakeSwap({ web1: new AbortedError('stopped `sh -c ...`', { host: 'web1' }) })
  const [host] = swap.target.hosts
  if (host === undefined) throw new Error('unreachable')
  await expect(unflipped<unknown>(swap, 'blue', () => work(swap, host))).rejects.toMatchObject({
    message:
      `web1: stopped during ${what}, which may go on there: the next run waits for its end, then runs it again\n` +
      'nothing was flipped: web: blue serves as before',
    exitCode: 8,
  })
})

test('one that fails half-way is told with its last lines, and is run again', async () => {
  const { swap, marked, breaks } = service(['web1', 'web2'])
  breaks('web1', true)
  await expect(migrate(swap, manifest)).rejects.toMatchObject({
    exitCode: 7,
    message: 'web1: the migration failed (exit code 1); no traffic has gone to v2\n  column is there already',
  })
  expect(marked()).toEqual([])
  breaks('web1', false)
  expect(await migrate(swap, manifest)).toBe(true)
  expect(marked()).toEqual(['web1', 'web2'])
})
