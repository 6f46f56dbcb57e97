import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { signUp, visit, type FrontDoor } from '../../bin/demo/visitor.ts'
import { probe } from '../../lib/swap/probe.ts'
import { changedBy, LabFleet } from '../support/lab-fleet.ts'

const NAME = 'app.lab.test'
const source = new URL('../../templates/sample-service', import.meta.url).pathname
const logs = z.object({
  servers: z.array(z.object({ host: z.string(), answered: z.boolean(), newBytes: z.number().optional() })),
  records: z.array(z.object({ host: z.string() })).optional(),
})
const users = z.object({ total: z.number(), users: z.array(z.object({ id: z.string() })) })

let lab: LabFleet
let v1 = ''
let v2 = ''
let door: FrontDoor
const ids: string[] = []

async function release(version: string): Promise<string> {
  const path = join(lab.state, `v${version}`)
  await cp(source, path, { recursive: true })
  await writeFile(join(path, 'VERSION'), `${version}\n`)
  return path
}

/** Steady requests until `work` is done. */
async function underLoad(path: string, work: () => Promise<unknown>) {
  const stop = new AbortController()
  const asking = probe({
    url: new URL(`https://${NAME}${path}`),
    addresses: [door.address],
    ca: door.ca,
    perSecond: 20,
    concurrency: 20,
    signal: stop.signal,
    version: body => /"version":\s*"([^"]*)"/.exec(body)?.[1] ?? body,
  })
  await sleep(500)
  try {
    await work()
    await sleep(500)
  } finally {
    stop.abort()
  }
  return asking
}

// One story in order: each step stands on the one before, as an operator's day does.
describe.sequential('the main job on a lab of seven machines', () => {
  beforeAll(async () => {
    lab = await LabFleet.open('t-story')
    v1 = await release('1')
    v2 = await release('2')
  })
  afterAll(() => lab.down())

  it('makes the machines once', async () => {
    expect((await lab.run('lab', 'up')).exitCode).toBe(0)
    const before = (await execa('docker', ['ps', '-q', '--filter', `label=fleetfile.lab=${lab.name}`])).stdout
    expect((await lab.run('lab', 'up')).exitCode).toBe(0)
    const after = (await execa('docker', ['ps', '-q', '--filter', `label=fleetfile.lab=${lab.name}`])).stdout
    expect(after).toBe(before)
    expect(after.split('\n')).toHaveLength(7)
  })

  it('provisions bare machines, and finds nothing to do the second time', async () => {
    const first = await lab.run('provision')
    expect(first.exitCode, first.stderr).toBe(0)
    const second = await lab.run('provision')
    expect(second.exitCode, second.stderr).toBe(0)
    expect(changedBy(second)).toBe(0)
  })

  it('lets nobody in but the deploy user with a key', async () => {
    const { stdout } = await lab.inside('web1', 'sshd', '-T')
    expect(stdout).toContain('permitrootlogin no')
    expect(stdout).toContain('passwordauthentication no')
    expect(stdout).toContain('allowusers deploy')
  })

  it('deploys all services, and changes nothing the second time', async () => {
    const first = await lab.run('deploy', 'all', '--release', v1)
    expect(first.exitCode, first.stderr).toBe(0)
    const second = await lab.text('deploy', 'all', '--release', v1)
    expect(second.exitCode, second.stderr).toBe(0)
    expect(second.stdout).toMatch(/database: v1 .* 0 changes\nsync: v1 .* 0 changes\nweb: v1 .* 0 changes/)
    door = { address: await lab.address('lb1'), name: NAME, ca: await lab.ca() }
  })

  it('syncs users who sign up, and shows their logs from every server in time order', async () => {
    for (let count = 0; count < 20; count++) ids.push(await signUp(door, `story-${count}@example.com`))
    for (let attempt = 0; attempt < 60; attempt++) {
      const seen = new Set(
        (logs.parse((await lab.run('logs', ids[0] ?? '')).data).records ?? []).map(({ host }) => host),
      )
      if (seen.size === 3) break
      await sleep(1000)
    }
    const merged = (await lab.text('logs', ids[0] ?? '')).stdout
    for (const host of ['sync1', 'sync2', 'sync3']) expect(merged).toContain(host)
    const times = merged.split('\n').flatMap(line => /^\d{4}-\d\d-\d\dT\S+/.exec(line)?.[0] ?? [])
    expect(times).toEqual(times.toSorted())
    expect(times.length).toBeGreaterThan(10)
  })

  it('swaps to release 2 without a failed request, and a stream runs to its end', async () => {
    const stream = visit(door, '/stream?seconds=15')
    const report = await underLoad('/version', async () => {
      const swapped = await lab.run('swap', 'web', '--release', v2)
      expect(swapped.exitCode, swapped.stderr).toBe(0)
    })
    expect(report.reasons).toEqual([])
    expect(report.versions.map(({ version }) => version)).toEqual(['1', '2'])
    expect((await stream).body.trimEnd().split('\n').at(-1)).toBe('end')
  })

  it('rolls back in one flip without a failed request', async () => {
    const report = await underLoad('/version', async () => {
      const back = await lab.run('rollback', 'web')
      expect(back.exitCode, back.stderr).toBe(0)
      expect(back.data).toMatchObject({ outcome: 'rolled-back', warm: true })
    })
    expect(report.reasons).toEqual([])
    expect(report.versions.map(({ version }) => version)).toEqual(['2', '1'])
  })

  it('keeps the live slot through a restart of the proxy', async () => {
    await lab.run('swap', 'web', '--release', v2)
    await lab.inside('lb1', 'systemctl', 'restart', 'haproxy')
    const report = await underLoad('/version', () => sleep(1000))
    expect(report.versions.map(({ version }) => version)).toEqual(['2'])
    expect((await lab.run('rollback', 'web')).exitCode).toBe(0)
  })

  it('replaces workers one after another, each when it has finished its user', async () => {
    const deployed = await lab.text('deploy', 'sync', '--release', v2)
    expect(deployed.exitCode, deployed.stderr).toBe(0)
    expect(deployed.stderr).not.toContain('was killed')
    // A user that is begun again without having been finished was cut short.
    const cut = `for log in $(find /var/log/sync -type f); do
      awk '/Beginning sync/ { bad += open; open = 1 } /Finished sync/ { open = 0 } END { exit bad > 0 }' "$log" || echo "$log"
    done`
    for (const host of ['sync1', 'sync2', 'sync3']) {
      expect((await lab.inside(host, 'sh', '-c', cut)).stdout).toBe('')
      const { stdout } = await lab.inside(host, 'sh', '-c', 'cat /var/log/supervisor/sync-worker_0?.log')
      expect(stdout.match(/shut down at/g)?.length).toBeGreaterThanOrEqual(2)
    }
    expect(users.parse((await lab.run('users', 'list', '--where', 'stranded')).data).total).toBe(0)
  })

  it('says which server did not answer, and shows what it knows', async () => {
    await lab.run('lab', 'pause', 'sync2')
    const partial = await lab.text('logs', ids[0] ?? '', '--timeout', '5s')
    await lab.run('lab', 'heal', 'sync2')
    expect(partial.exitCode).toBe(9)
    expect(partial.stderr).toContain('2 of 3 servers answered')
    expect(partial.stderr).toContain('sync2')
    expect(partial.stdout).toContain('sync1')
  })

  it('frees the users of a killed worker, by exactly the count that was agreed to', async () => {
    let total = 0
    for (let attempt = 0; attempt < 10 && total === 0; attempt++) {
      await lab.inside('sync3', 'pkill', '-KILL', '-f', 'sync_worker.py')
      await sleep(1500)
      ;({ total } = users.parse((await lab.run('users', 'list', '--where', 'stranded')).data))
    }
    expect(total).toBeGreaterThan(0)
    const wrong = await lab.run('users', 'unlock', '--where', 'stranded', '--yes', String(total + 100))
    expect(wrong.exitCode).toBe(2)
    const freed = await lab.run('users', 'unlock', '--where', 'stranded', '--yes', String(total))
    expect(freed.exitCode, freed.stderr).toBe(0)
    expect((await lab.text('users', 'unlock', '--where', 'stranded')).exitCode).toBe(0)
    const { stdout } = await lab.text('history', '--host', 'db1')
    const { run } = z.object({ run: z.string() }).parse(freed.data)
    expect(stdout).toMatch(new RegExp(` users unlock --where stranded .* db1 +ran +${run}$`, 'm'))
  })

  it('sets the number of workers, twice', async () => {
    expect(changedBy(await lab.run('workers', 'set', '--count', '3'))).toBe(3)
    expect(changedBy(await lab.run('workers', 'set', '--count', '3'))).toBe(0)
    const { stdout } = await lab.text('status', '--on', 'sync')
    expect(stdout.match(/3\/3/g)).toHaveLength(3)
  })

  it('says that the database is down, and what to do', async () => {
    await lab.inside('db1', 'systemctl', 'stop', 'postgresql@15-main')
    const down = await lab.text('users', 'list')
    await lab.inside('db1', 'systemctl', 'start', 'postgresql@15-main')
    expect([4, 5]).toContain(down.exitCode)
    expect(down.stderr).toMatch(/^error: db1: /m)
    expect(down.stderr).toMatch(/^hint: /m)
  })

  it('shows a dead host in the status, and the others as they are', async () => {
    await lab.run('lab', 'cut', 'web2')
    const status = await lab.text('status', '--timeout', '5s')
    await lab.run('lab', 'heal', 'web2')
    expect(status.exitCode).toBe(5)
    expect(status.stdout).toMatch(/^web2 .*unreachable/m)
    expect(status.stdout).toMatch(/^web1 .*ok/m)
  })

  it('leaves nothing behind', async () => {
    expect((await lab.run('lab', 'down')).exitCode).toBe(0)
    const containers = await execa('docker', ['ps', '-aq', '--filter', `label=fleetfile.lab=${lab.name}`])
    const networks = await execa('docker', ['network', 'ls', '-q', '--filter', `name=fleet-${lab.name}`])
    expect(containers.stdout + networks.stdout).toBe('')
  })
})
