import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOnce } from '../../templates/shell/run-once.ts'
import { folder } from '../support/folder.ts'
import { postgresPrograms, startCluster, type Cluster } from '../lib/users/cluster.ts'

const programs = postgresPrograms()
const tools = ['/usr/bin/psql', '/usr/bin/setpriv', '/usr/bin/setsid'].every(each => existsSync(each))
const patience = { timeout: 20_000, interval: 50 }

describe.skipIf(programs === undefined || !tools)('run-once', () => {
  const at = folder()
  const script = join(at, 'run-once')
  const children: ChildProcess[] = []
  let cluster: Cluster
  beforeAll(async () => {
    writeFileSync(script, runOnce(), { mode: 0o755 })
    cluster = await startCluster(programs ?? '')
  })
  afterAll(async () => {
    for (const { pid, exitCode, signalCode } of children) {
      if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL')
    }
    await cluster.stop()
  })

  /** As supervisor starts it: in a group of its own. */
  function start(key: string, mode: 'keep' | 'skip', command: string, env: Record<string, string> = {}) {
    const child = spawn(script, [key, mode, 'sh', '-c', command], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        PGHOST: cluster.folder,
        PGUSER: 'owner',
        PGDATABASE: 'postgres',
        PGPASSWORD: cluster.password,
        ...env,
      },
    })
    children.push(child)
    let said = ''
    child.stdout.on('data', chunk => (said += String(chunk)))
    child.stderr.on('data', chunk => (said += String(chunk)))
    const ended = new Promise<number | null>(resolve => child.once('close', resolve))
    return { child, ended, said: () => said, stop: () => process.kill(-(child.pid ?? 0), 'SIGTERM') }
  }
  const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

  /** A zombie that nobody has waited for does not. */
  const lives = (pid: string) => /^\d+ \(.*\) [^ZX]/.test(read(`/proc/${pid}/stat`))

  test('runs on one of two, and on the other at once when the first has ended its work', async () => {
    const log = join(at, 'log')
    const work = `trap 'echo "$FLEETFILE_FENCE ended" >>${log}; exit 0' TERM; echo "$FLEETFILE_FENCE began" >>${log}; while :; do sleep 0.1; done`
    const first = start('t/sync/one', 'keep', work)
    await expect.poll(() => read(log), patience).toBe('1 began\n')
    const second = start('t/sync/one', 'keep', work)
    await expect.poll(second.said, patience).toContain('waits: it runs on another host')
    first.stop()
    expect(await first.ended).toBe(0)
    await expect.poll(() => read(log), patience).toBe('1 began\n1 ended\n2 began\n')
    second.stop()
    expect(await second.ended).toBe(0)
    expect(read(log)).toBe('1 began\n1 ended\n2 began\n2 ended\n')
    expect(first.said() + second.said()).not.toContain(cluster.password)
  })

  test('the lost session ends the command and its children, TERM first', async () => {
    const log = join(at, 'lost')
    const work = `trap 'echo term >>${log}; exit 0' TERM; sleep 1000 & echo "began $!" >>${log}; while :; do sleep 0.1; done`
    const one = start('t/sync/lost', 'keep', work)
    await expect.poll(() => read(log), patience).toMatch(/^began \d+\n$/)
    const [, child = ''] = /^began (\d+)/.exec(read(log)) ?? []
    await cluster.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'run-once t/sync/lost'`,
    )
    expect(await one.ended).toBe(75)
    expect(read(log)).toContain('term')
    expect(lives(child)).toBe(false)
    expect(one.said()).toContain(
      'run-once t/sync/lost: the database does not answer for us: ending the command',
    )
    const [row] = await cluster.sql(`select clean from fleetfile_once where key = 't/sync/lost'`)
    expect(row).toEqual({ clean: false })
  })

  test('a killed guard takes the command with it', async () => {
    const log = join(at, 'killed')
    const one = start('t/sync/killed', 'keep', `echo $$ >>${log}; exec sleep 1000`)
    await expect.poll(() => read(log), patience).toMatch(/^\d+\n$/)
    one.child.kill('SIGKILL')
    await one.ended
    await expect.poll(() => lives(read(log).trim()), patience).toBe(false)
  })

  test.each([
    ['timeout', (work: string) => `timeout 25 sh -c '${work}'`],
    ['a session of its own', (work: string) => `setsid sh -c 'trap "" TERM; ${work}' & wait`],
  ])('a group of its own does not save it: %s', async (name, away) => {
    const log = join(at, `away ${name}`)
    const work = away(`echo $$ >>"${log}"; while :; do sleep 0.1; done`)
    const key = `t/sync/${name.replaceAll(' ', '-')}`
    const lost = start(key, 'keep', work)
    await expect.poll(() => read(log), patience).toMatch(/^\d+\n$/)
    await cluster.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'run-once ${key}'`,
    )
    expect(await lost.ended).toBe(75)
    expect(lives(read(log).trim())).toBe(false)

    const killed = start(`${key}-killed`, 'keep', work)
    await expect.poll(() => read(log), patience).toMatch(/^\d+\n\d+\n$/)
    process.kill(-(killed.child.pid ?? 0), 'SIGKILL')
    await killed.ended
    await expect.poll(() => lives(read(log).trim().split('\n')[1] ?? ''), patience).toBe(false)
  })

  test('what is stopped in a group of its own ends its work before the guard ends', async () => {
    const log = join(at, 'stopped')
    const work = `trap "echo ended >>${log}; exit 0" TERM; echo $$ >>${log}; while :; do sleep 0.1; done`
    const one = start('t/sync/stopped', 'keep', `exec timeout 25 sh -c '${work}'`)
    await expect.poll(() => read(log), patience).toMatch(/^\d+\n$/)
    one.stop()
    await one.ended
    expect(read(log)).toMatch(/^\d+\nended\n/)
    const [row] = await cluster.sql(`select clean from fleetfile_once where key = 't/sync/stopped'`)
    expect(row).toEqual({ clean: true })
  })

  test('what a stopped shell had started ends its work as well', async () => {
    const log = join(at, 'nested')
    const work = `trap "sleep 4; echo ended >>${log}; exit 0" TERM; echo $$ >>${log}; while :; do sleep 0.1; done`
    const one = start('t/sync/nested', 'keep', `sh -c '${work}'; true`)
    await expect.poll(() => read(log), patience).toMatch(/^\d+\n$/)
    one.stop()
    await one.ended
    expect(read(log)).toMatch(/ended\n$/)
  })

  test('what an ended command leaves behind is gone when it counts as ended', async () => {
    const log = join(at, 'left')
    const one = start('t/sync/left', 'keep', `setsid sleep 1000 & echo $! >${log}; sleep 0.5`)
    expect(await one.ended).toBe(0)
    expect(lives(read(log).trim())).toBe(false)
    const [row] = await cluster.sql(`select clean from fleetfile_once where key = 't/sync/left'`)
    expect(row).toEqual({ clean: true })
  })

  test('a job of cron runs on the first host only, even when the other asks later', async () => {
    const log = join(at, 'cron')
    // The minute must not end in between.
    const clock = folder()
    writeFileSync(join(clock, 'date'), '#!/bin/sh\necho "$NOW"\n', { mode: 0o755 })
    const env = { PATH: `${clock}:${process.env.PATH}`, NOW: '12:00' }
    const jobs = [1, 2, 3].map(() => start('t/sync/job', 'skip', `echo ran >>${log}; exit 3`, env))
    const codes = await Promise.all(jobs.map(({ ended }) => ended))
    expect(codes.filter(code => code === 3)).toHaveLength(1)
    expect(codes.filter(code => code === 0)).toHaveLength(2)
    expect(await start('t/sync/job', 'skip', `echo ran >>${log}`, env).ended).toBe(0)
    expect(read(log)).toBe('ran\n')
    // A host that calls the same minute differently, since its clock is off, is not asked a second time.
    await start('t/sync/job', 'skip', `echo twice >>${log}`, { ...env, NOW: '13:00' }).ended
    expect(read(log)).toBe('ran\n')
    const later = async (seconds: number) =>
      cluster.sql(
        `update fleetfile_once set slot = split_part(slot, '@', 1) || '@' || split_part(slot, '@', 2)::bigint - ${seconds}
         where key = 't/sync/job'`,
      )
    await later(60)
    await start('t/sync/job', 'skip', `echo next >>${log}`, { ...env, NOW: '13:01' }).ended
    expect(read(log)).toBe('ran\nnext\n')
    // A day's job whose name another host has used up an hour ago.
    await later(3600)
    await start('t/sync/job', 'skip', `echo again >>${log}`, { ...env, NOW: '13:01' }).ended
    expect(read(log)).toBe('ran\nnext\n')
    await start('t/sync/job', 'skip', `echo behind >>${log}`, { ...env, NOW: '12:02' }).ended
    expect(read(log)).toBe('ran\nnext\nbehind\n')
  })

  test('without its database a job does not run, and says so', async () => {
    const log = join(at, 'none')
    const one = start('t/sync/none', 'skip', `echo ran >>${log}`, { PGHOST: at })
    expect(await one.ended).toBe(1)
    expect(one.said()).toContain('no database to ask whose turn it is')
    expect(read(log)).toBe('')
  })
})
