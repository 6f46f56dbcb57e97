import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectEngine } from '../../lib/providers/lab/engine.ts'
import { repository } from '../support/cli.ts'
import { folder } from '../support/folder.ts'

const lab = `t-runs-${process.pid}`
const engine = await inspectEngine()
const built = existsSync(join(repository, 'dist/bin/main.js'))

const FLEET = `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'two',
  provider: 'lab',
  access: { user: 'root' },
  roles: { web: {} },
  hosts: { web1: { role: 'web' }, web2: { role: 'web' } },
  services: {},
})
`

/** Three files; the second waits for as long as the host holds a file \`/root/wait\`, and fails where it is broken. */
const TASK = `
import { defineTask, file, sh } from 'fleetfile'
import { z } from 'zod'

export default defineTask({
  name: 'work',
  summary: 'Write three files',
  params: z.strictObject({ text: z.string().describe('what they hold') }),
  hosts: 'web',
  async run(ctx, { text }) {
    const check = sh\`set -e; echo working; while [ -e /root/wait ]; do sleep 0.1; done; [ ! -e /root/broken ]\`
    const wanted = (name: string) => ({ path: \`/root/\${name}\`, content: \`\${text}\\n\` })
    const { total } = await ctx.apply([file(wanted('one')), file({ ...wanted('two'), check }), file(wanted('three'))])
    ctx.print(\`\${total} changes\`)
  },
})
`

const cwd = folder({ 'inventory/two.ts': FLEET, 'tasks/work.ts': TASK })
const ann = folder()
const bob = folder()

/** The built command on one of the two laptops. */
const fleet = (home: string, ...args: readonly string[]) =>
  execa(process.execPath, [join(repository, 'bin/fleet.js'), ...args], {
    cwd,
    reject: false,
    all: true,
    stdin: 'ignore',
    env: { HOME: home, XDG_STATE_HOME: '', XDG_CACHE_HOME: '', FLEET_LAB: lab, CI: 'true', USER: 'x' },
  })

const on = async (host: string, script: string): Promise<string> =>
  (await execa('docker', ['exec', `fleet-${lab}-${host}`, 'sh', '-c', script])).stdout

const written = (host: string) => on(host, 'cd /root; cat one two three 2>/dev/null | tr "\\n" " "')

/** Starts the work on Ann's laptop and resolves in the middle of its second file on both hosts. */
async function inTheMiddle(...args: readonly string[]) {
  const run = fleet(ann, 'work', ...args, '-vv')
  const hosts = new Set<string>()
  await new Promise<void>(resolve => {
    run.stderr.on('data', chunk => {
      for (const [, host = ''] of String(chunk).matchAll(/^(web\d) \| working/gm)) hosts.add(host)
      if (hosts.size === 2) resolve()
    })
    run.finally(resolve).catch(() => undefined)
  })
  return { run }
}

/** The id of the latest run, as Bob sees it. */
async function latest(): Promise<string> {
  const { stdout } = await fleet(bob, 'runs', '--limit', '1')
  return /^(\d{8}T\d{9}-[0-9a-f]{4}) /m.exec(stdout)?.[1] ?? ''
}

const both = (script: string) => Promise.all([on('web1', script), on('web2', script)])

describe.skipIf(!engine.ready || !built)('runs, from another laptop', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    expect(await fleet(ann, 'lab', 'up')).toMatchObject({ exitCode: 0 })
    cpSync(join(ann, '.local'), join(bob, '.local'), { recursive: true })
  }, 300_000)

  afterAll(async () => {
    await fleet(ann, 'lab', 'down')
  }, 120_000)

  test('a client that was killed in the middle: seen, gone on with, and done once', async () => {
    await both('touch /root/wait')
    const { run } = await inTheMiddle('--text', 'v1', '--message', 'the first')
    run.kill('SIGKILL')
    await run
    const id = await latest()
    const runs = await fleet(bob, 'runs')
    expect(runs.stdout).toMatch(
      new RegExp(`^${id} +work --text v1 +\\S+@\\S+ +.* ago +the first +web1 web2 +running$`, 'm'),
    )
    const show = await fleet(bob, 'show', id)
    expect(show.stdout).toMatch(/^web1, web2: running step 2 of 3 \(write \/root\/two\)/m)

    const resume = fleet(bob, 'resume', id, '-v')
    await new Promise<void>(resolve => {
      resume.stderr.on('data', chunk => String(chunk).includes('follow what still runs') && resolve())
      resume.finally(resolve).catch(() => undefined)
    })
    await both('rm /root/wait')
    const resumed = await resume
    expect(resumed).toMatchObject({ exitCode: 0, stdout: '0 changes' })
    expect(resumed.stderr).toMatch(/^web1: write \/root\/three /m)
    expect(await Promise.all([written('web1'), written('web2')])).toEqual(['v1 v1 v1 ', 'v1 v1 v1 '])
    const second = await fleet(bob, 'resume', id)
    expect(second).toMatchObject({ exitCode: 0, stdout: `run ${id} ended well: nothing to resume` })
    expect((await fleet(bob, 'show', id)).stdout).toMatch(/^run \S+: done$[^]*^web1, web2: done: 3 steps/m)
  })

  test('aborted by another: the step ends, no other begins, and it can be gone on with', async () => {
    await both('touch /root/wait')
    const { run } = await inTheMiddle('--text', 'v2')
    const id = await latest()
    const abort = fleet(bob, 'abort', id)
    await expect
      .poll(() => both(`ls /var/lib/fleetfile/runs/${id}/stop || :`), { timeout: 60_000 })
      .not.toContain('')
    await both('rm /root/wait')
    const aborted = await abort
    expect(aborted.exitCode).toBe(0)
    expect(aborted.stdout).toMatch(/^web1, web2: stopped after 2 of 3 steps/m)
    expect((await run).exitCode).toBe(8)
    expect(await written('web1')).toBe('v2 v2 v1 ')
    expect(await fleet(bob, 'resume', id)).toMatchObject({ exitCode: 0, stdout: '2 changes' })
    expect(await written('web2')).toBe('v2 v2 v2 ')
    expect((await fleet(bob, 'abort', id)).stdout).toBe(`run ${id} has ended: nothing to stop`)
  })

  test('a step killed with its host, and retry on the host that failed alone', async () => {
    await on('web2', 'touch /root/broken')
    const { exitCode } = await fleet(ann, 'work', '--text', 'v3')
    expect(exitCode).toBe(4)
    const id = await latest()
    const show = await fleet(bob, 'show', id)
    expect(show.stdout).toMatch(
      /^web1: done: 3 steps[^]*^web2: failed in step 2 of 3 \(write \/root\/two\): exit code 1/m,
    )
    await both('rm -f /root/broken; date +%s%N >/root/before')
    const retried = await fleet(bob, 'retry', id)
    expect(retried).toMatchObject({ exitCode: 0, stdout: '2 changes' })
    const runs = await both('ls /var/lib/fleetfile/runs | wc -l')
    expect(Number(runs[1])).toBe(Number(runs[0]) + 1)
    expect((await fleet(bob, 'retry', await latest())).stdout).toMatch(/ended well: nothing to retry$/)
  })

  test('history: every run once, by whom and why', async () => {
    const all = await fleet(bob, 'history')
    expect(all.exitCode).toBe(0)
    expect(all.stdout.split('\n')).toHaveLength(5)
    expect(all.stdout).toMatch(/ work --text v1 +the first +web1 web2 +changed 6 +\S+$/m)
    const [, owner = ''] = / (\S+@\S+) /.exec(all.stdout) ?? []
    expect((await fleet(bob, 'history', '--by', owner)).stdout).toBe(all.stdout)
    expect((await fleet(bob, 'history', '--by', 'nobody')).stdout).toBe('')
  })
})
