import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FleetHost } from '../../lib/fleet/resolved.ts'
import { leasesOn, withLeases } from '../../lib/lease/lease.ts'
import { pause } from '../../lib/rollout/pause.ts'
import { AUDIT } from '../../lib/runs/record.ts'
import { repository } from '../support/cli.ts'
import { operator } from '../support/operator.ts'
import { connected, failure } from '../support/ssh-connect.ts'
import { StaticFleet } from '../support/static-fleet.ts'

const TASK = `
import { defineTask, file, sh } from 'fleetfile'
import { z } from 'zod'

export default defineTask({
  name: 'work',
  summary: 'Write two files',
  params: z.strictObject({ text: z.string().describe('what they hold') }),
  hosts: 'web',
  async run(ctx, { text }) {
    const check = sh\`echo working; while [ -e /root/wait ]; do sleep 0.1; done\`
    await ctx.apply([
      file({ path: '/root/one', content: text, check }),
      file({ path: '/root/two', content: text }),
    ])
  },
})
`
/** Seconds by which a clock is ahead. */
const CLOCKS = { ahead: 3600, behind: -3600, right: 0 } as const
type Name = keyof typeof CLOCKS
const NAMES: readonly Name[] = ['ahead', 'behind', 'right']
const WRONG: readonly Name[] = ['ahead', 'behind']

const days = StaticFleet.of('t-clock', NAMES, { 'tasks/work.ts': TASK })
const built = existsSync(join(repository, 'dist/bin/main.js'))
const NEAR = 120_000

/** A time that a person is told, as milliseconds from now. */
const fromNow = (text: string | undefined): number => Math.abs(Date.parse(text ?? '') - Date.now())

describe.skipIf(days === undefined || !built)('hosts whose clocks are an hour off', () => {
  if (days === undefined) return
  const both = (script: string) => NAMES.map(name => days.on(name).run(script))
  /** Starts the task and resolves when every host is in the middle of its first file. */
  async function inTheMiddle(...args: readonly string[]) {
    const run = days?.fleet(['work', ...args, '-vv'])
    const hosts = new Set<string>()
    await new Promise<void>(resolve => {
      run?.stderr.on('data', chunk => {
        for (const [, host = ''] of String(chunk).matchAll(/^(\w+) \| working/gm)) hosts.add(host)
        if (hosts.size === NAMES.length) resolve()
      })
      run?.finally(resolve).catch(() => undefined)
    })
    return { run }
  }
  const latest = async () => {
    const { stdout } = await days.fleet(['runs', '--limit', '1'])
    return /^(\d{8}T\d{9}-[0-9a-f]{4}) /m.exec(stdout)?.[1] ?? ''
  }

  beforeAll(async () => {
    await days.start()
    for (const name of WRONG) {
      // Every process of a session sees the other time; the clock itself is that of all machines.
      days.on(name).run(`export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -yqq --no-install-recommends libfaketime >/dev/null 2>&1
preload=$(dpkg -L libfaketime | grep 'libfaketime\\.so\\.1$')
echo "SetEnv LD_PRELOAD=$preload FAKETIME=${CLOCKS[name] > 0 ? '+' : ''}${CLOCKS[name]}s" >/etc/ssh/sshd_config.d/clock.conf
systemctl restart ssh`)
      await using session = await connected(days.target(name))
      const seen = Number((await session.exec('date +%s')).stdout.toString())
      expect(Math.abs(seen - CLOCKS[name] - Date.now() / 1000)).toBeLessThan(60)
    }
  })
  afterAll(() => days.stop())

  test('who holds a host is told with a time by our clock, and one that was cut off with its age', async () => {
    both('touch /root/wait')
    const { run } = await inTheMiddle('--text', 'v1', '--message', 'the first')
    for (const name of NAMES) {
      const refused = await days.fleet(['work', '--text', 'v2', '--on', name])
      expect(refused.exitCode, refused.all).toBe(6)
      const [, since] = /held by \S+@\S+ \(run \S+, since (\S+Z)\): the first/.exec(refused.stderr) ?? []
      expect(fromNow(since), `${name}: ${refused.stderr}`).toBeLessThan(NEAR)
    }
    run?.kill('SIGKILL')
    await run
    const { stdout } = await days.fleet(['runs'])
    expect(stdout).toMatch(/ work --text v1 +\S+@\S+ +\d+s ago +the first +ahead behind right +running$/m)
    const id = await latest()
    const abort = days.fleet(['abort', id])
    await expect
      .poll(() => both(`ls /var/lib/fleetfile/runs/${id}/stop 2>/dev/null || :`), { timeout: 60_000 })
      .not.toContain('')
    const show = await days.fleet(['show', id])
    expect(show.stdout).toMatch(/^ {2}asked to stop by \S+@\S+, \d+s ago \(/m)
    both('rm /root/wait')
    expect((await abort).exitCode).toBe(0)
    expect(await days.fleet(['resume', id])).toMatchObject({ exitCode: 0 })
    const again = await days.fleet(['work', '--text', 'v1'])
    expect(again.all).toMatch(/: 3 unchanged$/m)
  })

  test('Ctrl-C says when, by our clock', async () => {
    both('touch /root/wait')
    const { run } = await inTheMiddle('--text', 'v3')
    run?.kill('SIGINT')
    const id = await latest()
    await expect
      .poll(() => both(`ls /var/lib/fleetfile/runs/${id}/stop 2>/dev/null || :`), { timeout: 60_000 })
      .not.toContain('')
    const show = await days.fleet(['show', id])
    both('rm /root/wait')
    expect((await run)?.exitCode).toBe(8)
    expect(show.stdout).toMatch(/^ {2}asked to stop by \S+@\S+, \d+s ago \(/m)
  })

  test('runs and history are in the order in which they began, whatever hosts they touched', async () => {
    for (const name of ['behind', 'ahead', 'right'] as const) {
      expect((await days.fleet(['work', '--text', name, '--on', name])).exitCode).toBe(0)
    }
    const order = (text: string) => [...text.matchAll(/work --text (\w+) /g)].map(([, name]) => name)
    const begun = ['right', 'ahead', 'behind', 'v3', 'v1', 'v1']
    const history = await days.fleet(['history', '--since', '30m'])
    expect(order(history.stdout)).toEqual(begun.filter((_, index) => index !== 4))
    for (const [, when] of history.stdout.matchAll(/^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) /gm)) {
      expect(fromNow(`${when}Z`)).toBeLessThan(600_000)
    }
    const runs = await days.fleet(['runs'])
    expect(order(runs.stdout)).toEqual(begun.filter((_, index) => index !== 4))
    const audit = WRONG.map(name => days.on(name).run(`tail -n 1 ${AUDIT}`))
    for (const [index, name] of WRONG.entries()) {
      const { at }: { at: string } = JSON.parse(audit[index] ?? '')
      // The test means something: the host itself wrote the other time.
      expect(Math.abs(fromNow(at) - 3_600_000), name).toBeLessThan(600_000)
    }
  })

  test.concurrent.each(WRONG)(
    'a lease of the one that is %s is held while its client lives, and free when it is gone',
    async name => {
      const host: FleetHost = { name, role: 'web', address: '', firstUser: 'root', target: days.target(name) }
      const leases = leasesOn([host], 'web')
      await using mine = await connected(days.target(name))
      await using other = await connected(days.target(name))
      const refuse = () => Promise.reject(new Error('not used'))
      const ann = operator('ann', mine)
      await withLeases(ann, leases, async () => {
        // Longer than a holder waits for the next sign of life.
        for (let tries = 0; tries < 5; tries += 1) {
          await pause(4000, ann.signal)
          const refused = String(await failure(withLeases(operator('bob', other), leases, refuse)))
          const [, since, age] =
            /web is held by ann \(run run-of-ann, since (\S+Z), last heard of (\d+)s ago\)/.exec(refused) ??
            []
          expect(fromNow(since), refused).toBeLessThan(NEAR)
          expect(Number(age)).toBeLessThan(15)
        }
      })
      expect(ann.lost).toEqual([])
      const lost = withLeases(ann, leases, async () => {
        await mine.close()
        await pause(20_000, ann.signal)
      })
      await failure(lost)
      const bob = operator('bob', other, { wait: 10_000 })
      expect(await withLeases(bob, leases, () => Promise.resolve('mine'))).toBe('mine')
    },
  )
})
