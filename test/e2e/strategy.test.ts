import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canRun, project } from './project.ts'

const FLEET = `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'steps',
  provider: 'lab',
  access: { user: 'deploy' },
  roles: { sync: {} },
  hosts: { sync1: { role: 'sync' }, sync2: { role: 'sync' }, sync3: { role: 'sync' } },
  services: {
    work: {
      kind: 'processes',
      role: 'sync',
      source: '../releases',
      programs: { worker: { command: './run', startSeconds: 1 } },
      directories: ['/var/log/work'],
      migrate: ['sh', '-c', 'echo "$RELEASE" >>/var/log/work/migrated'],
      health: 'test "$RELEASE" = "$(basename "$PWD")" && test ! -e "ill-$(hostname)" || { echo "port 9999 is silent"; exit 3; }',
      healthSeconds: 1,
      rollout: { order: { canary: 1 } },
    },
  },
})
`

const { cwd, fleet, inside } = project('strategy', { 'inventory/steps.ts': FLEET })

/** A release that is well, but on the host `ill`. */
function release(name: string, ill?: string): void {
  const at = join(cwd, 'releases', name)
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'run'), `#!/bin/sh\n# ${name}\nexec sleep infinity\n`, { mode: 0o755 })
  if (ill !== undefined) writeFileSync(join(at, `ill-${ill}`), '')
}

/** What each host has live, by the label of the release. */
const live = () =>
  Promise.all(
    ['sync1', 'sync2', 'sync3'].map(host => inside(host, 'cat /srv/work/current/.fleetfile-release')),
  )

/** How often each host has migrated anything. */
const migrations = () =>
  Promise.all(
    ['sync1', 'sync2', 'sync3'].map(async host =>
      Number(await inside(host, 'cat /var/log/work/migrated 2>/dev/null | wc -l')),
    ),
  )

describe.skipIf(!canRun)('a roll-out in steps', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    for (const name of ['v1', 'v2']) release(name)
    release('v3', 'sync1')
    for (const line of ['lab up', 'provision', 'deploy --release v1']) {
      expect(await fleet(line)).toMatchObject({ exitCode: 0 })
    }
  }, 600_000)

  afterAll(async () => {
    await fleet('lab down')
  }, 120_000)

  test('a canary that is ill keeps the release from the others, and says how to go on', async () => {
    const { exitCode, all } = await fleet('deploy --release v3')
    expect(exitCode).toBe(7)
    expect(all).toMatch(/-- batch 1 of 2: sync1$/m)
    expect(all).not.toContain('batch 2 of 2')
    expect(all).toMatch(
      /^ {2}sync1: work is not healthy after 1 s: its health command ended with exit code 3\n {2}port 9999 is silent$/m,
    )
    expect(all).toMatch(/^v3 \(\w+\) is on no host yet; failed: sync1; not begun: sync2, sync3$/m)
    expect(all).toMatch(/^hint: fleet retry \S+; or go back: fleet deploy work --release v1$/m)
    expect(await live()).toEqual(['v3', 'v1', 'v1'])
  })

  test('as many as may fail do not keep it from the others', async () => {
    const { exitCode, all } = await fleet('deploy --release v3 --order serial --max-failures 1')
    expect(exitCode).toBe(9)
    expect(all).toMatch(/warning: work v3 \(\w+\) is everywhere but on sync1; to go on: fleet retry \S+$/m)
    expect(await live()).toEqual(['v3', 'v3', 'v3'])
    expect(await fleet('deploy --release v1 --order all')).toMatchObject({ exitCode: 0 })
    expect(await live()).toEqual(['v1', 'v1', 'v1'])
  })

  test('a host that is cut off fails the deploy before anything changes', async () => {
    await fleet('lab cut sync3')
    const { exitCode, all } = await fleet('deploy --release v2 --timeout 5s')
    expect(exitCode).toBe(5)
    expect(all).toMatch(/^ {2}sync3: timed out after 5 s connecting to .*\nnothing was changed$/m)
  })

  test('or is put into quarantine, and left out from then on', async () => {
    const first = await fleet('deploy --release v2 --unreachable skip --timeout 5s')
    expect(first.exitCode).toBe(9)
    expect(first.all).toMatch(
      /^sync3: warning: timed out .* put into quarantine for work, .*: fleet catch-up sync3$/m,
    )
    const second = await fleet('deploy --release v2')
    expect(second.exitCode).toBe(0)
    expect(second.all).toMatch(
      /^sync3: warning: in quarantine for work since .*: left out; fleet catch-up sync3$/m,
    )
    expect(second.all).toMatch(/: 2 unchanged, 1 skipped$/m)
    const status = await fleet('status --timeout 5s')
    expect(status.all).toMatch(
      /^sync3 quarantined for work since \S+ by run \S+ of .*; fleet catch-up sync3$/m,
    )
  })

  test('while it is away nothing is done to it; then it gets what the others run, once', async () => {
    const away = await fleet('catch-up --timeout 5s')
    expect(away.exitCode).toBe(5)
    expect(away.all).toMatch(/^still in quarantine: nothing was done to it$/m)
    await fleet('lab heal sync3')
    expect(await live()).toEqual(['v2', 'v2', 'v1'])
    const back = await fleet('catch-up sync3')
    expect(back.exitCode).toBe(0)
    expect(back.all).toMatch(/^sync3: work v2 \(\w+\), as the others; back in service$/m)
    expect(await live()).toEqual(['v2', 'v2', 'v2'])
    const again = await fleet('catch-up')
    expect(again).toMatchObject({ exitCode: 0, all: expect.stringContaining('nothing to catch up') })
    expect((await fleet('deploy --release v2')).all).toMatch(/: 3 unchanged$/m)
    expect((await fleet('status')).all).not.toContain('quarantined')
  })

  test('a release is migrated once, also when the host that did it is dead and in quarantine', async () => {
    release('v4')
    const before = await migrations()
    expect(before.slice(1)).toEqual([0, 0])
    expect(await fleet('deploy --release v4')).toMatchObject({ exitCode: 0 })
    expect(await migrations()).toEqual([Number(before[0]) + 1, 0, 0])
    await fleet('lab cut sync1')
    // The next one that would migrate has lost its mark: the third host still knows.
    await inside('sync2', 'rm /var/lib/fleetfile/once/work-migrate-*')
    const skipping = await fleet('deploy --release v4 --unreachable skip --timeout 5s')
    expect(skipping.exitCode, skipping.all).toBe(9)
    expect(await migrations()).toEqual([Number(before[0]) + 1, 0, 0])
    expect(await inside('sync2', 'ls /var/lib/fleetfile/once')).toMatch(/^work-migrate-\w+$/)
    await fleet('lab heal sync1')
  })
})
