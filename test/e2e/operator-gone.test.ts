import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AUDIT } from '../../lib/runs/record.ts'
import { repository } from '../support/cli.ts'
import { connected } from '../support/ssh-connect.ts'
import { StaticFleet } from '../support/static-fleet.ts'
import { TRANSPORTS } from '../support/transports.ts'

/** Two files. The first one's step says this many lines, or waits for as long as the host holds `/root/wait`. */
const TASK = `
import { defineTask, file, sh } from 'fleetfile'
import { z } from 'zod'

export default defineTask({
  name: 'work',
  summary: 'Write two files',
  params: z.strictObject({ text: z.string(), lines: z.number().int().default(1) }),
  hosts: 'web',
  async run(ctx, { text, lines }) {
    const check = sh\`echo working; while [ -e /root/wait ]; do sleep 0.1; done; seq -f '%08.0f of many lines that are all long enough to fill a window' \${lines}\`
    const { total } = await ctx.apply([
      file({ path: '/root/one', content: text, check }),
      file({ path: '/root/two', content: text }),
    ])
    ctx.print(\`\${total} changes\`)
  },
})
`

/** Some 7 MB: more than the window of SSH and the buffers of TCP hold. */
const LINES = 100_000

const days = StaticFleet.of('t-gone', ['web1'], { 'tasks/work.ts': TASK })
const built = existsSync(join(repository, 'dist/bin/main.js'))

describe.skipIf(days === undefined || !built)('an operator who is gone in the middle of a step', () => {
  if (days === undefined) return
  const on = (script: string) => days.on('web1').run(script)

  /** Starts the task and resolves in the middle of its first step, with the client's standard error as it grows. */
  async function inTheMiddle(...args: readonly string[]) {
    const run = days?.fleet(['work', ...args, '-vv'])
    let said = ''
    await new Promise<void>(resolve => {
      run?.stderr.on('data', chunk => {
        said += String(chunk)
        if (said.includes('| working')) resolve()
      })
      run?.finally(resolve).catch(() => undefined)
    })
    return { run, said: () => said }
  }

  beforeAll(async () => {
    await days.start({ user: 'ops' })
    on(`export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -yqq --no-install-recommends libpam-systemd >/dev/null 2>&1
useradd -m -s /bin/bash ops; cp -r /root/.ssh /home/ops; chown -R ops: /home/ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\\nKillUserProcesses=yes\\nKillExcludeUsers=\\n' >/etc/systemd/logind.conf.d/kill.conf
systemctl restart systemd-logind ssh`)
  })
  afterAll(() => days.stop())

  const GONE = ['SIGKILL'] as const
  test.each(TRANSPORTS.flatMap(transport => GONE.map(signal => ({ transport, signal }))))(
    'a logind that kills what a session leaves behind: the step goes on ($transport, $signal)',
    async ({ transport, signal }) => {
      days.declare({ user: 'ops', transport })
      on('rm -f /root/one /root/two; touch /root/wait')
      // What is meant to be killed: a process that does nothing to get away.
      const left = `${signal === 'SIGKILL' ? 71 : 72}${transport === 'ssh' ? 1 : 2}`
      {
        await using session = await connected({ ...days.target('web1'), user: 'ops' })
        await session.exec(`setsid sleep ${left} >/dev/null 2>&1 </dev/null & sleep 0.2`)
        expect(on(`pgrep -fx 'sleep ${left}' || :`)).not.toBe('')
      }
      await expect.poll(() => on(`pgrep -fx 'sleep ${left}' || :`), { timeout: 20_000 }).toBe('')

      const { run } = await inTheMiddle('--text', `${transport} ${signal}`)
      expect(on('loginctl list-sessions --no-legend')).toContain(' ops ')
      run?.kill(signal)
      await run
      await expect
        .poll(() => on('loginctl list-sessions --no-legend'), { timeout: 40_000 })
        .not.toContain(' ops ')
      expect(on('ls /root')).not.toContain('two')
      on('rm /root/wait; flock -w 30 /run/fleetfile/lock true')
      expect(on('cat /root/one; echo; cat /root/two')).toBe(`${transport} ${signal}\n${transport} ${signal}`)
      expect(on(`tail -n 1 ${AUDIT}`)).toContain('"outcome":"changed","changed":2')
    },
  )

  test.each(TRANSPORTS)(
    'frozen, with a full window: no step waits, the host is free for the next one, nothing is lost (%s)',
    async transport => {
      days.declare({ user: 'ops', transport })
      on('rm -f /root/one /root/two; touch /root/wait')
      const { run, said } = await inTheMiddle('--text', 'frozen', '--lines', String(LINES))
      run?.kill('SIGSTOP')
      on('rm /root/wait; flock -w 100 /run/fleetfile/lock true')
      // All of the run is over, and its client has not seen it.
      expect(on('cat /root/one; echo; cat /root/two')).toBe('frozen\nfrozen')
      expect(said()).not.toMatch(/\d of many lines/)
      const next = await days.fleet(['work', '--text', 'next'])
      expect(next, next.all).toMatchObject({ exitCode: 0, stdout: '2 changes' })
      run?.kill('SIGCONT')
      const ended = await run
      expect(ended, ended?.all?.slice(-500)).toMatchObject({ exitCode: 0, stdout: '2 changes' })
      const numbers = [...said().matchAll(/^web1 \| (\d{8}) of many/gm)].map(([, number]) => Number(number))
      expect(numbers).toHaveLength(LINES)
      expect(numbers.findIndex((number, index) => number !== index + 1)).toBe(-1)
    },
  )

  test.each(TRANSPORTS)(
    'a command that has lost its client is in the audit log and among the runs all the same (%s)',
    async transport => {
      days.declare({ user: 'ops', transport })
      on('rm -f /tmp/begun')
      const run = days.fleet(['exec', '--message', `why ${transport}`, '--', 'touch /tmp/begun; sleep 20'])
      await expect.poll(() => on('ls /tmp'), { timeout: 20_000 }).toContain('begun')
      run.kill('SIGKILL')
      await run
      const last = () => on(`tail -n 1 ${AUDIT}`)
      await expect.poll(last, { timeout: 20_000 }).toContain(`"message":"why ${transport}"`)
      expect(last()).toContain('"outcome":"ran","changed":0,"error":"cut"')
      const { all } = await days.fleet(['history'])
      expect(all).toContain('ran, cut off')
    },
  )
})
