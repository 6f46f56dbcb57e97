import { expect, test } from 'vitest'
import { mark, step } from '../support/journal.ts'
import { liveHeader as head, RunFleet } from '../support/run-fleet.ts'

const done = head + step(0, 0) + step(1, 0) + step(2, 0) + mark('done')
const failed = head + step(0, 0) + step(1, 7, 'no space left')
const hosts = ['web1', 'web2', 'web3']
const ended = (exitCode: number) => JSON.stringify({ version: 1, at: '2026-11-22T12:05:00Z', exitCode })

const one = {
  id: '20261122T120000-aaaa',
  task: 'deploy',
  params: { service: 'app', release: 'v2 beta' },
  owner: 'ann@laptop',
  message: 'fix the login',
  hosts,
}
const two = {
  id: '20261122T130000-bbbb',
  task: 'work',
  params: { speed: 3 },
  owner: 'bob@desk',
  hosts: ['web2'],
}

function shop(): RunFleet {
  const fleet = new RunFleet()
  fleet.web1.hold(one, done)
  fleet.web2.hold(one, failed).hold(two, done).write(two.id, 'ended.json', ended(0))
  return fleet
}

test('runs: the latest first, each with the worst of its hosts', async () => {
  const { stdout, exitCode } = await shop().run(['runs'])
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^RUN +TASK +BY +WHEN +WHY +HOSTS +STATE$/)
  expect(lines[1]).toMatch(/^20261122T130000-bbbb +work --speed 3 +bob@desk +\S.* ago +- +web2 +done$/)
  expect(lines[2]).toMatch(
    /^20261122T120000-aaaa +deploy app --release 'v2 beta' +ann@laptop +\S.* ago +fix the login +web1 web2 web3 +failed: web2$/,
  )
  expect([lines.length, exitCode]).toEqual([3, 0])
  expect((await shop().run(['runs', '--limit', '1'])).stdout).not.toContain('aaaa')
})

test('runs: those of one second are in the order in which they began, on whatever hosts', async () => {
  const fleet = new RunFleet()
  const run = (milliseconds: string, tail: string) => ({
    ...one,
    id: `20261122T120000${milliseconds}-${tail}`,
  })
  fleet.web1.hold(run('123', 'cccc'), done).hold(run('900', 'bbbb'), done)
  fleet.web2.hold(run('124', 'aaaa'), done)
  const order = async (...more: string[]) =>
    (await fleet.run(['runs', ...more])).stdout.match(/(?<=^\w+-)\w{4}/gm)
  expect(await order()).toEqual(['bbbb', 'aaaa', 'cccc'])
  expect(await order('--limit', '2')).toEqual(['bbbb', 'aaaa'])
})

test('runs: a host that does not answer is named, and the rest is told', async () => {
  const fleet = shop()
  fleet.down.add('web1')
  const { stdout, stderr, exitCode } = await fleet.run(['runs'])
  expect(exitCode).toBe(9)
  expect(stderr).toContain('web1: warning: connection refused')
  expect(stdout).toMatch(/failed: web2, unknown: web1$/m)
  expect(await fleet.data(['runs'])).toMatchObject({ exitCode: 9, data: { unreachable: ['web1'] } })
})

test('runs: no host answers', async () => {
  const fleet = shop()
  for (const host of hosts) fleet.down.add(host)
  expect(await fleet.run(['runs'])).toMatchObject({ exitCode: 5, stdout: '' })
})

test('runs: none yet, and what cannot be read', async () => {
  const fleet = new RunFleet()
  expect(await fleet.run(['runs'])).toMatchObject({ exitCode: 0, stdout: '' })
  fleet.web1.write('20261122T120000-aaaa', 'run.json', '{"version":9}')
  const { stdout, exitCode } = await fleet.run(['runs'])
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/aaaa +\(a newer version of fleet wrote its record\) .* web1 +open$/m)
})

test('runs: open until somebody says that it ended, and as it was said', async () => {
  const fleet = new RunFleet()
  fleet.web2.hold(two, done)
  const state = async () => (await fleet.run(['runs'])).stdout.trimEnd().split(' ').at(-1)
  expect(await state()).toBe('open')
  for (const [exitCode, word] of [
    [0, 'done'],
    [7, 'failed'],
    [8, 'stopped'],
    [9, 'partial'],
  ] as const) {
    fleet.web2.write(two.id, 'ended.json', ended(exitCode))
    expect(await state()).toBe(word)
  }
})

test('runs and show: one that went through but for a host that may fail is partial, and names it', async () => {
  const fleet = shop()
  fleet.web2.write(one.id, 'ended.json', ended(9))
  expect((await fleet.run(['runs'])).stdout).toMatch(/aaaa .* partial: web2$/m)
  const { stdout } = await fleet.run(['show', 'aaaa'])
  expect(stdout).toMatch(/^run \S+: partial$[^]*^only the hosts that did not get there: fleet retry \S+$/m)
})

test('show: each host, together where they agree, with the last words of what failed', async () => {
  const fleet = shop()
  fleet.web3.hold(one, done)
  const { stdout, exitCode } = await fleet.run(['show', 'aaaa'])
  expect(exitCode).toBe(0)
  expect(stdout.replace(/, [0-9dhms ]+ ago/, ', AGO')).toBe(
    `run 20261122T120000-aaaa: failed
  fleet deploy app --release 'v2 beta'
  by ann@laptop, AGO (2026-11-22 12:00:00 UTC): fix the login

web1, web3: done: 3 steps, 3.6s
web2: failed in step 2 of 3 (write /etc/motd): exit code 7, 2.4s
  | no space left

go on with it: fleet resume 20261122T120000-aaaa
only the hosts that did not get there: fleet retry 20261122T120000-aaaa
`,
  )
})

test.each([
  [
    'one that was to do a plan',
    { pins: { plan: '0123456789ab' } },
    /^go on with it: fleet plan --out plan\.json, then fleet apply plan\.json: .*$/m,
  ],
  ['what was said once', { task: 'exec', params: { command: ['false'] } }, undefined],
  ['what goes on by its receipt', { task: 'users unlock', params: { where: ['stranded'] } }, undefined],
])('show: names no resume or retry for %s', async (_, about, next) => {
  const fleet = new RunFleet()
  fleet.web1.hold({ ...one, ...about }, failed)
  const { stdout } = await fleet.run(['show', 'aaaa'])
  expect(stdout).not.toMatch(/fleet (resume|retry)/)
  if (next !== undefined) expect(stdout).toMatch(next)
})

test('show: what has not begun, what does not answer, what was cut off', async () => {
  const fleet = new RunFleet()
  fleet.web1.hold(one, head + step(0, 0) + mark('begin', 1) + 'half a line')
  fleet.down.add('web3')
  const { stdout, exitCode } = await fleet.run(['show', '20261122T12'])
  expect(exitCode).toBe(9)
  expect(stdout).toContain(
    'web1: cut off in step 2 of 3 (write /etc/motd): its script was killed, or the disk was full; ' +
      'how far that step came is unknown, 1.2s\n  | half a line\n',
  )
  expect(stdout).toMatch(/^web2: not begun$/m)
  expect(stdout).toMatch(/^web3: unreachable: (?!web3).*connection refused$/m)
})

test('show --steps and --json hold every step', async () => {
  const { stdout } = await shop().run(['show', 'aaaa', '--steps'])
  expect(stdout).toContain(
    '    install nginx: done, 1.2s\n    write /etc/motd: exit code 7, 1.2s\n    restart nginx: not begun\n',
  )
  expect(await shop().data(['show', 'aaaa'])).toMatchObject({
    data: {
      state: 'failed',
      record: { owner: 'ann@laptop' },
      hosts: [
        { host: 'web1', state: 'done' },
        { host: 'web2', state: 'failed', journals: [{ steps: [{ exitCode: 0 }, { exitCode: 7 }, {}] }] },
        { host: 'web3', state: 'not begun', journals: [] },
      ],
    },
  })
})

test.each<[string, string]>([
  ['2026', '2026 could be any of 2 runs:\n  20261122T130000-bbbb: work --speed 3, by bob@desk\n'],
  ['dddd', 'no host that answered knows a run dddd\nhint: fleet runs'],
  ['../../etc', '<run>: must be the id of a run, as fleet runs lists it'],
])('show %s', async (text, message) => {
  const { stderr, exitCode } = await shop().run(['show', text])
  expect(stderr).toContain(message)
  expect(exitCode).toBe(2)
})

test('hostile texts of a host never reach the terminal', async () => {
  const fleet = new RunFleet()
  const evil = '\u001b]0;x\u0007\u001b[2J\r\nrun'
  fleet.web1.hold(
    { ...two, task: evil, owner: evil, message: evil, params: { [evil]: evil }, pins: { [evil]: evil } },
    head + step(0, 1, evil),
  )
  for (const argv of [['runs'], ['show', 'bbbb', '--steps']]) {
    const { stdout } = await fleet.run(argv)
    expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f]/)
    expect(stdout).not.toContain('[2J')
  }
})

test('a run that is asked to stop behind its flip, and ends well, is done and says what it did', async () => {
  const fleet = new RunFleet()
  const stop = '{"by":"bob@desk","at":"2026-11-22T12:02:00Z"}'
  fleet.web1.hold(one).write(one.id, 'flips', 'app green flipped 2026-11-22T12:01:00Z\n')
  fleet.web1.write(one.id, 'stop', stop).write(one.id, 'ended.json', ended(0))
  fleet.web2.hold(one).write(one.id, 'stop', stop)
  fleet.web3.write(one.id, 'stop', stop)
  expect((await fleet.run(['runs'])).stdout).toMatch(/aaaa .* done$/m)
  const { stdout } = await fleet.run(['show', 'aaaa'])
  expect(stdout).toMatch(
    /^web1: flipped app to green\nweb2: commands, without a journal\nweb3: nothing to do there\n$/m,
  )
  expect(stdout).toMatch(/: done\n[^]*asked to stop by bob@desk/)
  expect((await fleet.run(['retry', 'aaaa'])).stdout).toMatch(/ended well: nothing to retry$/m)
  // Before it has ended nobody knows.
  fleet.web1.write(one.id, 'ended.json', '')
  expect((await fleet.run(['runs'])).stdout).toMatch(/aaaa .* stopped$/m)
})
