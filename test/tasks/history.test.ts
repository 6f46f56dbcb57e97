import { expect, test } from 'vitest'
import { RunFleet } from '../support/run-fleet.ts'

const ID = '20261122T120000-aaaa'
const line = {
  task: 'deploy',
  params: { service: 'app', release: "v2 'beta'" },
  owner: 'ann@laptop',
  run: ID,
}

/** web2's clock is an hour ahead, web3's a day behind. */
function shop(): RunFleet {
  const fleet = new RunFleet()
  fleet.web1.audit(
    { ...line, at: '2026-11-22T12:01:00Z', changed: 3, message: 'fix the login' },
    { ...line, run: '20261122T123000-bbbb', at: '2026-11-22T12:31:00Z', owner: 'bob@desk', outcome: 'ran' },
  )
  fleet.web2.audit({
    ...line,
    at: '2026-11-22T13:01:00Z',
    outcome: 'failed',
    changed: 1,
    failed: 'unpack v2',
  })
  fleet.web3.audit({ ...line, at: '2026-11-21T12:01:00Z', changed: 2 })
  return fleet
}

test('one line a run, whatever the clocks of the hosts say, the latest first', async () => {
  const { stdout, exitCode } = await shop().run(['history'])
  const [head = '', ...lines] = stdout.trimEnd().split('\n')
  expect(exitCode).toBe(0)
  expect(head).toMatch(/^WHEN \(UTC\) +BY +WHAT +WHY +HOSTS +OUTCOME +RUN$/)
  expect(lines).toEqual([
    expect.stringMatching(
      /^2026-11-22 12:30:00 +bob@desk +deploy app .* - +web1 +ran +20261122T123000-bbbb$/,
    ),
    expect.stringMatching(
      /^2026-11-22 12:00:00 +ann@laptop +deploy app --release 'v2 '\\''beta'\\''' +fix the login +web1 web2 web3 +failed on web2: unpack v2 +20261122T120000-aaaa$/,
    ),
  ])
})

test.each<[readonly string[], readonly string[]]>([
  [['--by', 'ann'], ['aaaa']],
  [['--by', 'bob@desk'], ['bbbb']],
  [['--by', 'an'], []],
  [
    ['--service', 'app'],
    ['bbbb', 'aaaa'],
  ],
  [['--since', '2026-11-22T12:15:00Z'], ['bbbb']],
  [['--limit', '1'], ['bbbb']],
  [['--host', 'web3'], ['aaaa']],
])('%j', async (options, runs) => {
  const { data } = await shop().data(['history', ...options])
  expect(data).toMatchObject({ runs: runs.map(id => ({ run: expect.stringMatching(`${id}$`) })) })
})

test('runs of one second are in the order in which they began, on whatever hosts', async () => {
  const fleet = new RunFleet()
  const run = (milliseconds: string, tail: string) => ({
    ...line,
    run: `20261122T120000${milliseconds}-${tail}`,
  })
  fleet.web1.audit(run('123', 'cccc'), run('900', 'bbbb'))
  fleet.web2.audit(run('124', 'aaaa'))
  const { stdout } = await fleet.run(['history'])
  expect(stdout.match(/\w{4}$/gm)).toEqual(['bbbb', 'aaaa', 'cccc'])
})

test('several scripts of a run on a host are one outcome', async () => {
  const fleet = new RunFleet()
  fleet.web1.audit(
    { ...line, changed: 1, outcome: 'failed', failed: 'x' },
    { ...line, changed: 4 },
    { ...line, changed: 0, outcome: 'ran' },
  )
  expect(await fleet.data(['history'])).toMatchObject({
    data: { runs: [{ outcome: 'changed', hosts: [{ host: 'web1', changed: 5 }] }] },
  })
})

test('a run whose work was done and which failed all the same says so, until it is resumed and done', async () => {
  const fleet = new RunFleet()
  const failed = { ...line, changed: 0, outcome: 'ran' as const, exitCode: 7, error: 'unhealthy' }
  fleet.web1.audit({ ...line, changed: 4 }, failed)
  fleet.web2.audit(failed)
  expect((await fleet.run(['history'])).stdout).toContain(' changed 4, failed (unhealthy) ')
  const resumed = [
    { ...line, changed: 1 },
    { ...line, changed: 0, outcome: 'ran' as const, exitCode: 0 },
  ]
  fleet.web1.audit({ ...line, changed: 4 }, failed, ...resumed)
  expect((await fleet.run(['history'])).stdout).toContain(' changed 5 ')
  expect(await fleet.data(['history'])).toMatchObject({ data: { runs: [{ ended: { exitCode: 0 } }] } })
})

test.each<[number, string | undefined, string, string]>([
  [0, undefined, 'changed 11', 'ran'],
  [3, undefined, 'changed 11', 'ran'],
  [4, undefined, 'changed 11, failed (exit code 4)', 'failed (exit code 4)'],
  [8, 'aborted', 'changed 11, stopped', 'stopped'],
  [9, 'partial', 'changed 11, partial', 'partial'],
])('a run that ended with %i (%s): %s', async (exitCode, error, changed, ran) => {
  const fleet = new RunFleet()
  const end = { ...line, changed: 0, outcome: 'ran' as const, exitCode, ...(error && { error }) }
  fleet.web1.audit({ ...line, changed: 11 }, end)
  fleet.web2.audit({ ...end, run: '20261122T110000-bbbb' })
  const [, ...lines] = (await fleet.run(['history'])).stdout.trimEnd().split('\n')
  expect(lines.map(each => each.split(/ {2,}/)[5])).toEqual([changed, ran])
})

test('commands whose client was lost are told apart from those that ended', async () => {
  const fleet = new RunFleet()
  const cut = { ...line, changed: 0, outcome: 'ran' as const, error: 'cut' }
  fleet.web1.audit(cut)
  expect((await fleet.run(['history'])).stdout).toContain(' ran, cut off ')
  fleet.web2.audit({ ...cut, error: 'unhealthy', exitCode: 7 })
  expect((await fleet.run(['history'])).stdout).toContain(' failed (unhealthy) ')
})

test('what a host made up is bounded and safe to print; what it cannot be is told', async () => {
  const fleet = new RunFleet()
  const evil = `\u001b[2J\u001b]0;x\u0007\r\n${'x'.repeat(100_000)}`
  fleet.web1.audit(
    { ...line, run: evil, task: evil, owner: evil, message: evil, params: { [evil]: evil } },
    { ...line, outcome: 'failed', failed: evil, at: evil },
    '{"version":1,',
  )
  const { stdout, stderr, exitCode } = await fleet.run(['history'])
  expect(exitCode).toBe(0)
  expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f]|\[2J/)
  expect(stdout.length).toBeLessThan(2000)
  expect(stderr).toContain('web1: warning: 1 lines of its audit log are unreadable')
})

test('a host that does not answer is named', async () => {
  const fleet = shop()
  fleet.down.add('web2')
  expect(await fleet.data(['history'])).toMatchObject({ exitCode: 9, data: { unreachable: ['web2'] } })
  expect(await fleet.run(['history', '--host', 'web9'])).toMatchObject({ exitCode: 2 })
  expect(await fleet.run(['history', '--since', 'soon'])).toMatchObject({ exitCode: 2 })
})
