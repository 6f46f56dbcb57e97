import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../support/cli.ts'
import { StaticFleet } from '../support/static-fleet.ts'

const TASK = `
import { defineTask, file, sh } from 'fleetfile'
import { z } from 'zod'

export default defineTask({
  name: 'work',
  summary: 'Write two files',
  params: z.strictObject({ text: z.string() }),
  hosts: 'web',
  async run(ctx, { text }) {
    const check = sh\`echo working; while [ -e /root/wait ]; do sleep 0.1; done\`
    const { total } = await ctx.apply([
      file({ path: '/root/one', content: text, check }),
      file({ path: '/root/two', content: text }),
    ])
    ctx.print(\`\${total} changes\`)
  },
})
`
const days = StaticFleet.of('t-refused', ['web1'], { 'tasks/work.ts': TASK })
const built = existsSync(join(repository, 'dist/bin/main.js'))

describe.skipIf(days === undefined || !built)('what is refused on a real host', () => {
  if (days === undefined) return
  const on = (script: string) => days.on('web1').run(script)
  const fleet = (...args: readonly string[]) => days.fleet(args)
  const latest = async () =>
    /^(\d{8}T\d{9}-[0-9a-f]{4}) /m.exec((await fleet('runs', '--limit', '1')).stdout)?.[1] ?? ''
  beforeAll(() => days.start())
  afterAll(() => days.stop())

  test.each([
    ['in its first line', 40],
    ['in the middle of a mark', -12],
    ['to nothing', 0],
  ])('a journal that was cut short %s: told, and the run is made good', async (_, at) => {
    on('rm -f /root/one /root/two')
    expect(await fleet('work', '--text', 'v1')).toMatchObject({ exitCode: 0, stdout: '2 changes' })
    const id = await latest()
    on(`cd /var/lib/fleetfile/runs/${id} && rm -f ended.json
size=$(stat -c %s 001.journal); truncate -s $((${at} < 0 ? size + ${at} : ${at})) 001.journal; rm -f /root/two`)
    const runs = await fleet('runs')
    expect(runs, runs.all).toMatchObject({ exitCode: 0 })
    expect(runs.stdout).toMatch(new RegExp(`^${id} .* web1 +(cut|unreadable)$`, 'm'))
    const show = await fleet('show', id)
    expect(show.stdout).toMatch(/^web1: cut off/m)
    const resumed = await fleet('resume', id)
    expect(resumed, resumed.all).toMatchObject({ exitCode: 0, stdout: '1 changes' })
    expect(on('cat /root/one /root/two')).toBe('v1v1')
    expect((await fleet('work', '--text', 'v1')).stdout).toBe('0 changes')
  })

  test('sudo that wants a password, and no terminal to ask at: nothing is done, and how to go on is told', async () => {
    on(`useradd -m -s /bin/bash ops; printf 'ops:hush\\n' | chpasswd
cp -r /root/.ssh /home/ops; chown -R ops: /home/ops; echo 'ops ALL=(ALL) ALL' >/etc/sudoers.d/ops; rm -f /root/one`)
    for (const transport of ['ssh', 'openssh'] as const) {
      days.declare({ user: 'ops', transport })
      const refused = await fleet('work', '--text', 'v2')
      expect(refused, refused.all).toMatchObject({ exitCode: 4 })
      expect(refused.stderr).toMatch(/web1: .*sudo.*password/)
      expect(refused.stderr).toContain('let ops use sudo without a password, or run at a terminal')
      expect(on('ls /root')).not.toContain('one')
    }
    days.declare({})
  })

  test('a disk that is full where runs are kept: the old file stays, and what is free again heals', async () => {
    expect(await fleet('work', '--text', 'old')).toMatchObject({ exitCode: 0 })
    on(`mkdir -p /keep && cp -a /var/lib/fleetfile/. /keep
mount -t tmpfs -o size=3m none /var/lib/fleetfile && cp -a /keep/. /var/lib/fleetfile
dd if=/dev/zero of=/var/lib/fleetfile/fill bs=64k 2>/dev/null || :`)
    const full = await fleet('work', '--text', 'new')
    expect(full, full.all).toMatchObject({ exitCode: 4 })
    expect(full.stderr).toMatch(
      /web1: no room for the journal, so nothing was begun: .*[^]*No space left on device/,
    )
    const command = 'journalctl --vacuum-size=100M; apt-get clean'
    expect(full.stderr).toContain(`hint: make some: fleet exec --on web1 --root -- '${command}'`)
    const made = await fleet('exec', '--on', 'web1', '--root', '--', command)
    expect(made, made.all).toMatchObject({ exitCode: 0 })
    expect(made.stderr).toContain('web1: warning: the run is not in its audit log')
    expect(on('cat /root/one /root/two')).toBe('oldold')

    // Full in the middle of a run: the step in progress is told, and what comes after it.
    on('rm /var/lib/fleetfile/fill; touch /root/wait')
    const run = fleet('work', '--text', 'new', '-vv')
    await new Promise<void>(resolve => {
      run.stderr.on('data', chunk => String(chunk).includes('| working') && resolve())
      run.finally(resolve).catch(() => undefined)
    })
    on('dd if=/dev/zero of=/var/lib/fleetfile/fill bs=1k 2>/dev/null || :; rm /root/wait')
    const ended = await run
    expect([0, 4], ended.all).toContain(ended.exitCode)
    const left = on('cat /root/one; echo; cat /root/two')
    expect(left).toMatch(/^(old|new)\n(old|new)$/)

    on('rm /var/lib/fleetfile/fill')
    expect(await fleet('work', '--text', 'new')).toMatchObject({ exitCode: 0 })
    expect(on('cat /root/one /root/two')).toBe('newnew')
    expect((await fleet('work', '--text', 'new')).stdout).toBe('0 changes')
    expect(await fleet('runs')).toMatchObject({ exitCode: 0 })
    const history = await fleet('history')
    expect(history, history.all).toMatchObject({ exitCode: 0 })
    on('umount -l /var/lib/fleetfile')
  })
})
