import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RunTask } from '../../bin/cli.ts'
import { readPlan } from '../../lib/plan/document.ts'
import { runTask } from '../../lib/task/run.ts'
import { blankHosts, type Found } from '../support/blank-host.ts'
import { cli, type CliOptions } from '../support/cli.ts'
import { folder } from '../support/folder.ts'

const FLEET = `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'shop',
  access: { user: 'deploy', authorizedKeys: ['ssh-ed25519 AAAA ann'] },
  secrets: ['token'],
  roles: { app: {}, other: {} },
  hosts: {
    app1: { role: 'app', address: '203.0.113.1' },
    app2: { role: 'app', address: '203.0.113.2' },
    other1: { role: 'other', address: '203.0.113.3' },
  },
  services: {
    sync: {
      kind: 'processes', role: 'app', source: '../app',
      programs: { worker: { command: 'true' } },
      cron: { watchdog: { schedule: '* * * * *', command: 'true' } },
      env: { TOKEN: { secret: 'token' }, PLAIN: 'one' },
    },
  },
})
`
const files = { 'inventory/shop.ts': FLEET, 'app/v1/run.sh': 'echo 1\n' }
/** Used by all that change nothing in it: a fleet file is checked once. */
const cwd = folder(files)

/** Runs `fleet` against hosts on which there is nothing. Tasks but these four are only noted. */
async function fleet(
  argv: string,
  project: string,
  { found = {}, ...options }: CliOptions & { found?: Found } = {},
) {
  const hosts = blankHosts(found)
  const handed: Record<string, unknown>[] = []
  const run: RunTask = (task, params, environment) => {
    if (['plan', 'apply', 'diff', 'prune'].includes(task.name)) {
      return runTask(task, params, environment, hosts.connect)
    }
    handed.push({ task: task.name, params, on: environment.on, pins: environment.resumes?.pins })
    return Promise.resolve({})
  }
  const env = { FLEET_SECRET_TOKEN: 'hunter2-xyz' }
  const result = await cli(argv.split(' '), { cwd: project, runTask: run, env, ...options })
  return { ...result, handed, executions: hosts.executions() }
}

// The first run checks the types of the fleet file, which takes its time on a busy machine.
beforeAll(() => fleet('plan other --release v1', cwd), 120_000)

describe('fleet plan', () => {
  test('shows hosts that agree once, diffs beneath, no secret, in two executions a host', async () => {
    const { stdout, stderr, exitCode, executions } = await fleet('plan --release v1 --exit-code', cwd)
    expect(exitCode).toBe(3)
    expect(stdout).toMatch(/^\d+ changes on 3 of 3 hosts$/m)
    expect(stdout).toContain('app1, app2, other1: user deploy create login with /bin/bash\n')
    expect(stdout).toMatch(/^app1, app2: file \/etc\/fleetfile\/sync\/\w+\.env create 49 bytes$/m)
    expect(stdout).toContain('\n  @@ -0,0 +1,3 @@\n  +TOKEN=[secret token]\n  +PLAIN=one\n')
    expect(stdout + stderr).not.toContain('hunter2')
    expect(executions).toEqual({ app1: 2, app2: 2, other1: 2 })
  })

  test.each([
    ['plan other --release v1', 'other1'],
    ['plan --on app2 --release v1', 'app2'],
    ['plan app --on !app1 --release v1', 'app2'],
  ])('fleet %s looks at %s alone', async (argv, host) => {
    const { executions, exitCode } = await fleet(argv, cwd)
    expect(Object.keys(executions)).toEqual([host])
    expect(exitCode).toBe(0)
  })

  test('an unknown role', async () => {
    const { stderr, exitCode } = await fleet('plan ap', cwd)
    expect(stderr).toContain('unknown role "ap", did you mean "app"?')
    expect(exitCode).toBe(2)
  })

  test('--json has the diff, and no secret', async () => {
    const { stdout } = await fleet('plan --release v1 --json -vvv', cwd)
    expect(stdout).toContain(String.raw`+TOKEN=[secret token]\n`)
    expect(stdout).not.toContain('hunter2')
  })

  test('--out holds neither a secret nor a hash of one', async () => {
    const texts: string[] = []
    for (const token of ['hunter2-xyz', 'hunter3-xyz']) {
      await fleet('plan --release v1 --out plan.json', cwd, { env: { FLEET_SECRET_TOKEN: token } })
      texts.push(readFileSync(join(cwd, 'plan.json'), 'utf8').replace(/"createdAt".*/, ''))
    }
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).not.toContain('hunter')
    expect(statSync(join(cwd, 'plan.json')).mode & 0o777).toBe(0o600)
  })
})

describe('fleet apply', () => {
  test('hands on to provision and deploy, with the releases pinned', async () => {
    await fleet('plan --release v1 --out plan.json', cwd)
    const { releases } = await readPlan(join(cwd, 'plan.json'), { tool: '0.1.0', fleet: 'shop' })
    const { handed, exitCode, executions } = await fleet('apply plan.json', cwd)
    expect(exitCode).toBe(0)
    const on = ['app1', 'app2', 'other1']
    expect(handed).toEqual([
      { task: 'provision', params: {}, on, pins: { plan: expect.stringMatching(/^[0-9a-f]{12}$/) } },
      {
        task: 'deploy',
        params: { service: 'all', release: 'v1', uncommitted: false },
        on,
        pins: { plan: expect.any(String), 'release sync': releases['sync'] },
      },
    ])
    expect(executions).toEqual({ app1: 2, app2: 2, other1: 2 })
  })

  test('a plan of some hosts is for these', async () => {
    await fleet('plan other --release v1 --out plan.json', cwd)
    const { handed } = await fleet('apply plan.json', cwd)
    expect(handed).toMatchObject([{ task: 'provision', params: {}, on: ['other1'] }])
  })

  test.each([
    [
      'the fleet file has changed',
      'inventory/shop.ts',
      FLEET.replace("'one'", "'two'"),
      /2 of 3 hosts moved since plan\.json was made: nothing was changed\n {2}app1: changed: file \S+ has another content now\n {2}app2/,
    ],
    ['the source has changed', 'app/v1/run.sh', 'echo 2\n', /release of sync: was \w{12}, is \w{12} now/],
    [
      'a host is gone',
      'inventory/shop.ts',
      FLEET.replace(/ *other1.*\n/, ''),
      /other1: gone: no longer a host/,
    ],
  ])('%s: refused', { timeout: 90_000 }, async (_, file, text, message) => {
    await fleet('plan --release v1 --out plan.json', cwd)
    const later = folder({
      ...files,
      [file]: text,
      'plan.json': readFileSync(join(cwd, 'plan.json'), 'utf8'),
    })
    const { stderr, exitCode, handed } = await fleet('apply plan.json', later)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^hint: fleet plan --out plan\.json$/m)
    expect([exitCode, handed]).toEqual([2, []])
  })

  test('--plan changes nothing, --on is refused', async () => {
    await fleet('plan --release v1 --out plan.json', cwd)
    expect((await fleet('apply plan.json --plan', cwd)).handed).toEqual([])
    const { stderr, exitCode, handed } = await fleet('apply plan.json --on app1', cwd)
    expect(stderr).toContain('applied as it was reviewed')
    expect([exitCode, handed]).toEqual([2, []])
  })
})

const things =
  '\0files\0/etc/cron.d/old-job\0/etc/cron.d/sync-watchdog\0\0users\0svc-sync\0svc-old\0\0folders\0/srv/old\0\0end\0'

describe('fleet diff', () => {
  test('lists what is no longer declared, grouped', async () => {
    const { stdout, exitCode } = await fleet('diff app --release v1 --exit-code', cwd, {
      found: { things },
    })
    expect(stdout).toMatch(
      /no longer declared:\n {2}app1, app2: cron old-job\n {2}app1, app2: user svc-old\n {2}app1, app2: folder \/srv\/old\n$/,
    )
    expect(exitCode).toBe(3)
  })
})

describe('fleet prune', () => {
  test.each([
    ['cron sync-watchdog --on app', 2, 'cron sync-watchdog: declared in the fleet file, so not removed'],
    ['folder /srv/old --on app', 2, 'folder /srv/old: holds data, which stays'],
    ['cron old-job --on app', 2, 'Remove 2 things for good? Nobody can be asked here.'],
    ['all --on app --yes', 2, 'Nobody can be asked here.\nhint: pass --yes 4'],
    ['all --on app --yes 5', 2, '--yes 5 does not match: this is about 4'],
    ['cron no-such --on app', 0, 'cron no-such: no host has it'],
    ['cron old-job --on app --plan', 0, ''],
  ])('%s', async (argv, code, text) => {
    const { stdout, stderr, exitCode } = await fleet(`prune ${argv}`, cwd, { found: { things } })
    expect(stdout + stderr).toContain(text)
    expect(exitCode).toBe(code)
  })
})
