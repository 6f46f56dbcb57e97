import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canRun, project } from './project.ts'

const FLEET = `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'bad',
  provider: 'lab',
  access: { user: 'deploy' },
  roles: { sync: {}, database: { ports: [{ port: 5432, from: ['sync'] }] } },
  hosts: { sync1: { role: 'sync' }, db1: { role: 'database' } },
  services: {
    work: { kind: 'processes', role: 'sync', source: '../releases', migrate: ['./migrate'], programs: { worker: { command: './run', count: 2, stopSeconds: 2 } } },
    store: { kind: 'processes', role: 'database', source: '../releases', migrate: ['./migrate'], programs: { main: { command: './run' } } },
  },
})
`

const { lab, cwd, fleet, inside: on } = project('bad', { 'inventory/bad.ts': FLEET })

/** A release whose migration takes this long: the middle in which days go bad. */
function release(name: string, seconds: number, data?: Buffer, run = 'exec sleep infinity'): void {
  const at = join(cwd, 'releases', name)
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'run'), `#!/bin/sh\n${run}\n`, { mode: 0o755 })
  writeFileSync(join(at, 'migrate'), `#!/bin/sh\necho ${name} begins\nsleep ${seconds}\n`, { mode: 0o755 })
  if (data !== undefined) writeFileSync(join(at, 'data'), data)
}

/** Starts a deploy and resolves in the middle of its migration. In an object, since a run is a promise as well. */
async function inTheMiddle(line: string) {
  const run = fleet(`${line} -vv`)
  await new Promise<void>(resolve => {
    run.stderr.on('data', chunk => {
      if (String(chunk).includes('begins')) resolve()
    })
    run.finally(resolve).catch(() => undefined)
  })
  return { run }
}

const LIVE_ENV = 'cat /etc/fleetfile/work/$(basename $(readlink /srv/work/current)).env'

const live = (host: string, service: string) =>
  on(host, `cat /srv/${service}/current/.fleetfile-release; ls /srv/${service}/releases | grep -c new || :`)

const RUNNING = `supervisorctl status | grep -c RUNNING`

describe.skipIf(!canRun)('bad days', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    release('v1', 0)
    expect(await fleet('lab up')).toMatchObject({ exitCode: 0 })
  }, 300_000)

  afterAll(async () => {
    await fleet('lab down')
    const { stdout } = await execa('docker', ['ps', '-aq', '--filter', `label=fleetfile.lab=${lab}`])
    const networks = await execa('docker', ['network', 'ls', '-q', '--filter', `name=fleet-${lab}`])
    expect([stdout, networks.stdout]).toEqual(['', ''])
    expect(existsSync(join(cwd, '.local/state/fleetfile/labs', lab))).toBe(false)
  }, 120_000)

  test.each(['provision', 'deploy --release v1'])('%s twice: the second time changes nothing', async line => {
    expect(await fleet(line)).toMatchObject({ exitCode: 0, all: expect.stringMatching(/2 changed$/m) })
    const second = await fleet(line)
    expect(second).toMatchObject({ exitCode: 0, all: expect.stringMatching(/: 2 unchanged$/m) })
    expect(second.all).not.toMatch(/: (create|change|changed) /)
  })

  test('two deploys at once: one wins, the other says who holds the host', async () => {
    release('two', 5)
    const { run } = await inTheMiddle('deploy work --release two')
    const second = await fleet('deploy work --release v1')
    expect(second.exitCode).toBe(6)
    expect(second.all).toMatch(
      /^error: sync1: work is held by \S+@\S+ \(run (\S+), since \S+Z, last heard of \ds ago\)\nhint: fleet show \1, /m,
    )
    expect((await run).exitCode).toBe(0)
    expect(await live('sync1', 'work')).toBe('two\n0')
  })

  test('workers that ignore SIGTERM are killed after their time, and named', async () => {
    release('deaf', 0, undefined, "trap '' TERM\nwhile :; do sleep 0.2; done")
    expect(await fleet('deploy work --release deaf')).toMatchObject({ exitCode: 0 })
    const next = await fleet('deploy work --release two')
    expect(next.exitCode).toBe(0)
    for (const worker of ['work-worker_00', 'work-worker_01']) {
      expect(next.all).toContain(`sync1: warning: ${worker} did not end its work within 2 s and was killed`)
    }
    expect(await on('sync1', RUNNING)).toBe('2')
    release('polite', 0)
    expect((await fleet('deploy work --release polite')).all).not.toContain('was killed')
    expect(await fleet('deploy work --release two')).toMatchObject({ exitCode: 0 })
  })

  test('Ctrl-C: the step ends on the host and no other begins; the next deploy completes it', async () => {
    release('three', 4)
    const { run } = await inTheMiddle('deploy work --release three')
    run.kill('SIGINT')
    const { exitCode, all } = await run
    expect(exitCode).toBe(8)
    expect(all).toMatch(
      /sync1: stopping after the current step[^]*migrate work to three [\d.]+s[^]*sync1: failed: stopped after \d of \d steps/,
    )
    expect(all).toMatch(
      /error: stopped by SIGINT: three \(\w+\) is on no host yet; in the middle of it: sync1\nhint: fleet resume \S+$/,
    )
    expect(await live('sync1', 'work')).toBe('two\n0')
    await expect
      .poll(async () => (await fleet('deploy work --release three')).exitCode, { timeout: 60_000 })
      .toBe(0)
    expect(await live('sync1', 'work')).toBe('three\n0')
    expect(await on('sync1', RUNNING)).toBe('2')
  })

  test('a full disk: the old release goes on, and nothing of the new one is left', async () => {
    release('big', 0, randomBytes(400_000))
    expect((await fleet('lab fill sync1')).exitCode).toBe(0)
    const before = await on('sync1', LIVE_ENV)
    const full = await fleet('deploy work --release big')
    expect(full.exitCode).toBe(4)
    expect(full.all).toMatch(
      /sync1: no room for the journal, so nothing was begun: exit code \d\n.*No space left on device/,
    )
    expect(await live('sync1', 'work')).toBe('three\n0')
    expect(await on('sync1', LIVE_ENV)).toBe(before)
    expect(await on('sync1', RUNNING)).toBe('2')
    await fleet('lab heal sync1')
    expect((await fleet('deploy work --release big')).exitCode).toBe(0)
    expect(await live('sync1', 'work')).toBe('big\n0')
  })

  test('a host cut off, and one that freezes, in the middle: told in time, and made good by the next deploy', async () => {
    release('four', 12)
    const runs = await Promise.all([
      inTheMiddle('deploy work --release four --timeout 20s'),
      inTheMiddle('deploy store --release four --timeout 20s'),
    ])
    await Promise.all([fleet('lab cut sync1'), fleet('lab pause db1')])
    const status = await fleet('status --timeout 3s')
    expect(status.exitCode).toBe(5)
    expect(status.all.match(/unreachable/g)).toHaveLength(2)
    for (const { exitCode, all } of await Promise.all(runs.map(({ run }) => run))) {
      expect(exitCode, all).toBe(5)
      expect(all).toMatch(
        /^ {2}(sync1|db1): connection lost during step \d of \d \(migrate .* to four\): it goes on there$/m,
      )
      expect(all).toMatch(/^hint: fleet retry \S+; or go back: fleet deploy (work|store) --release /m)
    }
    await Promise.all([fleet('lab heal sync1'), fleet('lab heal db1')])
    await expect
      .poll(async () => (await fleet('deploy --release four')).exitCode, { timeout: 90_000 })
      .toBe(0)
    expect([await live('sync1', 'work'), await live('db1', 'store')]).toEqual(['four\n0', 'four\n0'])
    expect((await fleet('deploy --release four')).all).toMatch(/: 2 unchanged$/m)
  })
})
