import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HealthError } from '../../lib/errors.ts'
import { mark, step } from '../support/journal.ts'
import { folder } from '../support/folder.ts'
import { liveHeader as head, RunFleet } from '../support/run-fleet.ts'
import type { RunHost } from '../support/run-folders.ts'

const id = '20261122T120000-aaaa'
const done = head + step(0, 0) + step(1, 0) + step(2, 0) + mark('done')
const failed = head + step(0, 0) + step(1, 7, 'no space left') + mark('failed')
const cut = head + step(0, 0) + mark('begin', 1)
const ended = (exitCode: number) => JSON.stringify({ version: 1, at: '2026-11-22T12:05:00Z', exitCode })
const asked = '{"by":"bob@desk","at":"2026-11-22T12:02:00Z"}'

const record = {
  id,
  task: 'work',
  params: { speed: 3 },
  owner: 'ann@laptop',
  message: 'fix the login',
  on: ['web'],
  hosts: ['web1', 'web2', 'web3'],
  pins: { 'release app': '0123456789ab' },
}

/** Keeps a journal's lock as an acting script does, until it is told to write its last words and go. */
async function holds(host: RunHost, file = '001.journal') {
  const holder = spawn('flock', [host.path(id, file), 'sh', '-c', 'echo; exec cat'])
  await once(holder.stdout, 'data')
  return async (words: string) => {
    appendFileSync(host.path(id, file), words)
    holder.stdin.end()
    await once(holder, 'close')
  }
}

const files = (fleet: RunFleet, file: string) =>
  [fleet.web1, fleet.web2, fleet.web3].map(host => existsSync(host.path(id, file)))

test('resume: the same task, options, hosts and decisions under the same id; nobody is asked to stop any more', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, done).write(id, 'stop', asked)
  fleet.web2.hold(record, cut).write(id, 'stop', asked).write(id, 'ended.json', ended(8))
  expect(await fleet.run(['resume', 'aaaa'])).toMatchObject({ exitCode: 0 })
  expect(fleet.worked).toEqual([
    {
      runId: id,
      params: { speed: 3, service: 'none' },
      pins: record.pins,
      hosts: record.hosts,
      message: 'fix the login',
    },
  ])
  expect([files(fleet, 'stop'), files(fleet, 'ended.json')]).toEqual([
    [false, false, false],
    [true, true, false],
  ])
  expect(await fleet.data(['runs'])).toMatchObject({ data: { runs: [{ ended: { exitCode: 0 } }] } })
})

test('resume: a run that ended well is left alone', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, done).write(id, 'ended.json', ended(0))
  const { stdout, exitCode } = await fleet.run(['resume', id])
  expect([stdout, exitCode, fleet.worked]).toEqual([`run ${id} ended well: nothing to resume\n`, 0, []])
})

test('resume: what goes on is followed to its end first, and is not done again when its own client ended it', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, head + step(0, 0, 'unpacking'))
  const letGo = await holds(fleet.web1)
  const resumed = fleet.run(['resume', id, '-vv'])
  await expect.poll(() => fleet.web1.transport.cost.executions).toBeGreaterThan(1)
  fleet.web1.write(id, 'ended.json', ended(0))
  await letGo(step(1, 0, 'second words') + step(2, 0) + mark('done'))
  const { stdout, stderr, exitCode } = await resumed
  expect([exitCode, fleet.worked]).toEqual([0, []])
  expect(stderr).toMatch(/follow what still runs on web1[^]*unpacking[^]*second words/)
  expect(stdout).toBe(`run ${id} ended well: nothing to resume\n`)
})

test('resume: it fails again, and that is what is told of it', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, done)
  fleet.work = () => Promise.reject(new HealthError('no answer'))
  expect(await fleet.run(['resume', id])).toMatchObject({ exitCode: 7 })
  const { stdout } = await fleet.run(['show', id])
  expect(stdout).toMatch(/: failed\n[^]*ended .* with exit code 7 \(unhealthy\)/)
})

test.each<[string, object, readonly string[], string]>([
  ['a task that is not known here', { ...record, task: 'dance' }, [], 'unknown command "dance"'],
  [
    'options that the task does not take',
    { ...record, params: { speed: 'x' } },
    [],
    'work takes other options',
  ],
  ['a record of a newer version', { ...record, version: 2 }, [], 'a newer version of fleet wrote its record'],
  ['some of the hosts', record, ['--on', 'web1'], '--on: a run goes on with all of its hosts'],
])('resume with %s changes nothing', async (_, held, options, message) => {
  const fleet = new RunFleet()
  fleet.web1.write(
    id,
    'run.json',
    JSON.stringify({ ...held, version: 1, fleet: 'shop', startedAt: '', tool: '1', ...held }),
  )
  fleet.web1.write(id, '001.journal', failed).write(id, 'stop', asked)
  const { stderr, exitCode } = await fleet.run(['resume', id, ...options])
  expect(stderr).toContain(message)
  expect([exitCode, fleet.worked, files(fleet, 'stop')]).toEqual([2, [], [true, false, false]])
})

test('resume --plan asks nobody to go on', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, failed).write(id, 'stop', asked)
  expect(await fleet.run(['resume', id, '--plan'])).toMatchObject({ exitCode: 0 })
  expect([fleet.worked.length, files(fleet, 'stop')]).toEqual([1, [true, false, false]])
})

test('retry: a decision that no longer holds is told of the run that had made it', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, failed)
  fleet.work = async ctx => ctx.pin('release app', 'ba9876543210')
  const { stderr, exitCode } = await fleet.run(['retry', id])
  expect(stderr).toContain(`run ${id} was for release app 0123456789ab, here it is ba9876543210`)
  expect(exitCode).toBe(2)
})

test.each(['resume', 'retry'])('%s: a run that was to do a reviewed plan is not gone on with', async verb => {
  const fleet = new RunFleet()
  fleet.web1.hold({ ...record, pins: { plan: '0123456789ab' } }, failed)
  const { stderr, exitCode } = await fleet.run([verb, id])
  expect([exitCode, fleet.worked]).toEqual([2, []])
  expect(stderr).toContain('fleet plan --out plan.json, then fleet apply plan.json')
})

test('retry: a new run on the hosts that did not get there', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, done)
  fleet.web2.hold(record, failed)
  const { exitCode } = await fleet.run(['retry', 'aaaa', '--message', 'again'])
  const [worked] = fleet.worked
  expect([exitCode, fleet.worked.length]).toEqual([0, 1])
  expect(worked).toMatchObject({ hosts: ['web2', 'web3'], pins: record.pins, message: 'again' })
  expect(worked?.runId).not.toBe(id)
})

test('retry: narrowed by --on, and hosts that do not answer count as not got there', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, done)
  fleet.down.add('web2')
  await fleet.run(['retry', 'aaaa'])
  await fleet.run(['retry', 'aaaa', '--on', 'web1,web3'])
  expect(fleet.worked.map(({ hosts }) => hosts)).toEqual([['web2', 'web3'], ['web3']])
})

test('retry: a container service is for all of its hosts', async () => {
  const fleet = new RunFleet()
  const held = { ...record, params: { service: 'app' } }
  fleet.web1.hold(held, done)
  fleet.web2.hold(held, failed)
  const { stderr } = await fleet.run(['retry', 'aaaa'])
  expect(stderr).toContain('app cannot be rolled out in parts: all hosts of the run take part')
  expect(fleet.worked[0]?.hosts).toEqual(['web1', 'web2', 'web3'])
})

test('retry: nothing to do, and not while it runs', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, done).write(id, 'ended.json', ended(0))
  expect(await fleet.run(['retry', id])).toMatchObject({
    exitCode: 0,
    stdout: `run ${id} ended well: nothing to retry\n`,
  })
  const letGo = await holds(fleet.web1.hold(record, done, cut), '002.journal')
  expect(await fleet.run(['retry', id])).toMatchObject({ exitCode: 2, stdout: '' })
  await letGo('')
  expect(fleet.worked).toEqual([])
})

test('abort: every host is told, also those that have not begun, and the step in progress is waited for', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, cut)
  fleet.web2.hold(record, done)
  const letGo = await holds(fleet.web1)
  const aborted = fleet.run(['abort', 'aaaa'])
  await expect.poll(() => files(fleet, 'stop')).toEqual([true, true, true])
  await letGo(mark('end', 1, 0, 900) + mark('stopped'))
  const { stdout, exitCode } = await aborted
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/: stopped\n[^]*asked to stop by \S+@\S+, /)
  expect(stdout).toMatch(
    /^web1: stopped after 2 of 3 steps, 2.1s\nweb2: done: 3 steps, 3.6s\nweb3: stopped before its first step$/m,
  )
  const again = await fleet.run(['abort', 'aaaa'])
  expect(again.exitCode).toBe(0)
})

test.each([
  ['flipped', /^ {2}flipped web to green, /m],
  ['stopped', /^ {2}stopped before its flip of web to green: what served before serves on$/m],
])('abort: waits for a client in the middle of a flip, and shows that it was %s', async (word, shown) => {
  const fleet = new RunFleet()
  const leases = folder({ 'web.lease': `ann@laptop\n${id}\n\n2026-11-22T12:00:00Z\n` })
  const { transport } = fleet.web1
  const { rewrite } = transport
  transport.rewrite = text => rewrite(text).replaceAll('/run/fleetfile', leases)
  fleet.web1.hold(record, done)
  const client = spawn('flock', [join(leases, 'web.lease'), 'sh', '-c', 'echo; exec cat'])
  await once(client.stdout, 'data')
  const aborting = fleet.run(['abort', id])
  await expect.poll(() => files(fleet, 'stop')).toEqual([true, true, true])
  fleet.web1.write(id, 'flips', `web green ${word} 2026-11-22T12:03:00Z\n`)
  client.stdin.end()
  await once(client, 'close')
  // It lets go of its leases first, then says how its run ended.
  fleet.web1.write(id, 'ended.json', ended(8))
  const { stdout, exitCode } = await aborting
  expect(stdout).toMatch(shown)
  expect([exitCode, stdout.includes('with exit code 8')]).toEqual([0, true])
})

test('abort: a step that does not end in time is told', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, cut)
  const letGo = await holds(fleet.web1)
  const { stderr, exitCode } = await fleet.run(['abort', id, '--timeout', '1s'])
  expect(stderr).toContain(`run ${id} was asked to stop, and after 1s is still in its step on web1`)
  expect(exitCode).toBe(4)
  await letGo('')
})

test('abort: a run that has ended is left alone; a host that cannot be told is named', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(record, done).write(id, 'ended.json', ended(0))
  expect(await fleet.run(['abort', id])).toMatchObject({
    exitCode: 0,
    stdout: `run ${id} has ended: nothing to stop\n`,
  })
  expect(files(fleet, 'stop')).toEqual([false, false, false])
  const open = new RunFleet()
  open.web1.hold(record, cut)
  open.down.add('web3')
  expect(await open.run(['abort', id])).toMatchObject({ exitCode: 9 })
  expect(JSON.parse(readFileSync(open.web1.path(id, 'stop'), 'utf8'))).toMatchObject({
    at: expect.stringMatching(/Z$/),
  })
})
