import { readFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changedBy, LabFleet } from '../support/lab-fleet.ts'
import { TRANSPORTS } from '../support/transports.ts'

const fleetFile = (programs: string, cron: string): string => `
import { defineFleet } from 'fleetfile'

export default defineFleet({
  name: 'shop',
  provider: 'lab',
  access: { user: 'deploy' },
  secrets: ['token'],
  roles: { app: {} },
  hosts: { app1: { role: 'app' } },
  services: {
    sync: {
      kind: 'processes', role: 'app', source: '../app',
      programs: { worker: { command: 'sleep 100000' }, ${programs} },
      cron: { ${cron} },
      env: { TOKEN: { secret: 'token' }, PLAIN: 'one' },
    },
  },
})
`
const WHOLE = fleetFile(
  `extra: { command: 'sleep 100001' }`,
  `watchdog: { schedule: '* * * * *', command: 'true' }`,
)

let lab: LabFleet
let path = ''
let plan = ''
const fleet = (...args: readonly string[]) => lab.run(...args, '--fleet', path)
const text = (...args: readonly string[]) => lab.text(...args, '--fleet', path)
const sh = async (script: string) => (await lab.inside('app1', 'sh', '-c', script)).stdout

describe.sequential('plans on a lab of one machine', () => {
  beforeAll(async () => {
    lab = await LabFleet.open('t-plan')
    path = join(lab.state, 'inventory/shop.ts')
    plan = join(lab.state, 'plan.json')
    await mkdir(join(lab.state, 'inventory'))
    await mkdir(join(lab.state, 'app/v1'), { recursive: true })
    await writeFile(join(lab.state, 'app/v1/run.sh'), 'echo 1\n')
    await writeFile(path, WHOLE)
    expect((await fleet('lab', 'up')).exitCode).toBe(0)
  })
  afterAll(async () => {
    await fleet('lab', 'down')
    await lab.down()
  })

  it('plans a bare machine without touching it, and applies what was reviewed', async () => {
    const first = await text('plan', '--release', 'v1', '--exit-code', '--out', plan)
    expect(first.exitCode, first.stderr).toBe(3)
    expect(first.stderr).toContain('+TOKEN=[secret token]')
    expect(await sh('id deploy 2>&1; ls -d /srv/sync 2>&1')).toMatch(/no such user[^]*No such file/)
    const applied = await fleet('apply', plan)
    expect(applied.exitCode, applied.stderr).toBe(0)
    const second = await text('plan', '--release', 'v1', '--exit-code')
    expect(second.exitCode, second.stderr).toBe(0)
    expect(second.stdout).toBe('nothing to do: 1 host as wanted')
    expect(changedBy(await fleet('apply', plan))).toBe(0)
  })

  it('refuses a plan when the host has moved, and names what did', async () => {
    await writeFile(path, WHOLE.replace("'one'", "'two'"))
    expect((await text('plan', '--release', 'v1', '--out', plan)).exitCode).toBe(0)
    await sh('echo "* * * * * root id" >>/etc/cron.d/sync-watchdog')
    const refused = await text('apply', plan)
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toContain('1 of 1 hosts moved')
    expect(refused.stderr).toContain('app1: new: cron sync-watchdog change content')
    expect(await sh('grep PLAIN /etc/fleetfile/sync/*.env')).toMatch(/^PLAIN='?one'?$/)
  })

  it('refuses what moves between the comparison and the step, and leaves it', async () => {
    await sh("sed -i '/root id/d' /etc/cron.d/sync-watchdog")
    expect((await text('plan', '--release', 'v1', '--out', plan)).exitCode).toBe(0)
    // The deploy waits for its lease: by then the hosts have been compared.
    const holder = lab.inside('app1', 'flock', '/run/fleetfile/sync.lease', 'sleep', '3600')
    holder.catch(() => undefined)
    const applying = text('apply', plan, '--wait', '5m')
    await sh('until pgrep -f [L]EASE_LEVEL >/dev/null; do sleep 0.2; done')
    await sh('echo "* * * * * root id" >>/etc/cron.d/sync-watchdog; pkill -f "[s]leep 3600"')
    const refused = await applying
    expect(refused.exitCode, refused.stderr).toBe(2)
    expect(refused.stderr).toContain('it has moved since the plan was compared: nothing more was done to it')
    expect(refused.stderr).toContain('new: cron sync-watchdog change content')
    expect(await sh('grep PLAIN /etc/fleetfile/sync/*.env')).toMatch(/^PLAIN='?one'?$/)
  })

  it('shows what a file holds and is to hold, but no secret of it', async () => {
    const token = (await sh("sed -n 's/^TOKEN=//p' /etc/fleetfile/sync/*.env")).trim()
    await sh('printf "old secret\\nTOKEN=older-one\\n" >>"$(ls /etc/fleetfile/sync/*.env)"')
    const { stdout, stderr } = await text('plan', '--release', 'v1', '--out', plan)
    expect(stderr).toContain('  -* * * * * root id')
    expect(stderr).toMatch(/-PLAIN=\[secret\]\n.*[^]*\+PLAIN=two/)
    const all = stdout + stderr + (await readFile(plan, 'utf8'))
    expect(token.length).toBeGreaterThan(8)
    for (const hidden of [token.replaceAll("'", ''), 'older-one', 'old secret'])
      expect(all).not.toContain(hidden)
    const applied = await fleet('apply', plan)
    expect(applied.exitCode, applied.stderr).toBe(0)
  })

  it('finds what is no longer declared, removes what is named, and only once', async () => {
    await writeFile(path, fleetFile('', ''))
    const listed = await text('diff', '--release', 'v1', '--exit-code')
    expect(listed.exitCode, listed.stderr).toBe(3)
    expect(listed.stdout).toContain('  app1: program sync-extra\n  app1: cron sync-watchdog')
    const declared = await text('prune', 'program', 'sync-worker', '--yes')
    expect(declared.exitCode).toBe(2)
    const pruned = await fleet('prune', 'program', 'sync-extra', 'cron', 'sync-watchdog', '--yes')
    expect(pruned.exitCode, pruned.stderr).toBe(0)
    expect(changedBy(pruned)).toBe(2)
    expect(await sh('supervisorctl status | cut -d" " -f1; ls /etc/cron.d/sync* 2>&1')).toMatch(
      /^sync-worker_00\nls: cannot access/,
    )
    const again = await fleet('prune', 'program', 'sync-extra', 'cron', 'sync-watchdog', '--yes')
    expect([again.exitCode, changedBy(again)]).toEqual([0, 0])
  })

  it('removes units, users and folders that fleet made, data only when told', async () => {
    await sh(`useradd --system --home-dir /srv/old --no-create-home svc-old; mkdir -p /srv/old/releases/a /etc/fleetfile/old
touch /srv/old/releases/a/.fleetfile-release
printf '# Written by fleet.\\n[Service]\\nExecStart=/bin/sleep 1000\\n' >/etc/systemd/system/old.service
printf '[Service]\\nExecStart=/bin/sleep 1000\\n' >/etc/systemd/system/theirs.service
systemctl daemon-reload; systemctl start old`)
    const listed = await text('diff', '--release', 'v1')
    expect(listed.stdout).toContain('  app1: unit old.service\n  app1: user svc-old\n')
    expect(listed.stdout).not.toContain('theirs')
    expect((await text('prune', 'all', '--yes', '9')).stderr).toContain('this is about 2')
    expect((await text('prune', 'all', '--yes', '2')).exitCode).toBe(0)
    expect((await text('prune', 'all', '--data', '--yes', '2')).exitCode).toBe(0)
    expect(await sh('systemctl is-active old; id svc-old 2>&1; ls /srv /etc/fleetfile')).toMatch(
      /^inactive\nid: .*no such user\n\/etc\/fleetfile:\nsync\n\n\/srv:\nsync$/,
    )
    expect((await text('diff', '--release', 'v1')).stdout).not.toContain('no longer declared')
  })

  it.each(TRANSPORTS)('shows no secret to ps, journals, files of a run or -vvv (%s)', async transport => {
    const other = WHOLE.replace("'one'", `'${transport}'`).replace(
      "'deploy' }",
      `'deploy', transport: '${transport}' }`,
    )
    await writeFile(path, other)
    await sh(`rm -f /root/over; (until [ -e /root/over ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.02
done >/root/processes) >/dev/null 2>&1 &`)
    const { exitCode, stdout, stderr } = await text('deploy', '--release', 'v1', '-vvv')
    expect(exitCode, stderr).toBe(0)
    const env = await sh('touch /root/over; cat "$(ls -t /etc/fleetfile/sync/*.env | head -n 1)"')
    const [, token = ''] = /^TOKEN='?([^'\n]{9,})/m.exec(env) ?? []
    const seen = await sh(
      'cat /root/processes /var/lib/fleetfile/audit.jsonl /var/lib/fleetfile/runs/*/*; journalctl -q',
    )
    expect(seen).toContain('sh /dev/fd/3 ')
    expect(seen).toContain('"outcome":"changed"')
    expect(token).not.toBe('')
    expect(seen + stdout + stderr).not.toContain(token)
  })
})
