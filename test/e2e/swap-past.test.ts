import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { haproxy } from '../../lib/proxy/haproxy.ts'
import { healthMap } from '../../lib/proxy/haproxy-paths.ts'
import { finishRelease } from '../../lib/swap/finish-release.ts'
import { parseEntry } from '../../lib/release/history-entry.ts'
import { readProxies } from '../../lib/proxy/proxies.ts'
import { releaseRows } from '../../lib/release/releases.ts'
import { rollback } from '../../lib/swap/rollback.ts'
import { openSwap } from '../../lib/swap/swap-target.ts'
import { deploy } from '../../lib/swap/swap.ts'
import { readContainerReleases } from '../../lib/swap/way-back.ts'
import { finishSlots } from '../../templates/shell/finish-slots.ts'
import { doorOf, startFront } from './swap-front.ts'
import { SwapLab } from './swap-lab.ts'

const NAME = 't-past'
const lab = new SwapLab(NAME)
const live = async () => (await readProxies([haproxy(lab.lb.context, NAME)], ['web1', 'web2'])).live

const door = doorOf(lab)
const serving = async () => (await door.get('/version')).trim()
const now = () => new Date()
/** A target of which nothing is let go. */
const keeping = (more: object = {}) => ({
  ...lab.target,
  service: { ...lab.service, keep: { releases: 50 }, ...more },
})
const limits = { drainSeconds: 5 }
const rollBack = (options: object = {}) =>
  rollback(lab.context(), { target: keeping(), limits, now, ...options })
const on = async (machine: number, script: string) =>
  (await lab.web[machine]?.sh(script))?.stdout.toString().trim() ?? ''
const rows = async () => {
  const slot = await live()
  const hosts = await readContainerReleases(openSwap(lab.context(), keeping()))
  return releaseRows(hosts, slot === 'mixed' ? undefined : slot)
}
const lastLine = async (machine: number) =>
  parseEntry(await on(machine, 'tail -n 1 /var/lib/fleetfile/services/t-past/history.jsonl'))

describe('what is left behind a swap', () => {
  beforeAll(async () => {
    await lab.start()
    await startFront(lab, door)
    for (const version of ['v1', 'v2', 'v3', 'v4'])
      await deploy(lab.context(), lab.options(await lab.release(version), version))
  }, 180_000)
  afterAll(() => lab.stop())

  test('a warm slot is stopped when its time is over; one that serves never is', async () => {
    const [web1] = lab.web
    if (web1 === undefined) throw new Error('unreachable')
    await web1.sh('cat >/finish', finishSlots())
    const state = '/var/lib/fleetfile/services/t-past'
    const finish = async (slot: string, until: string) => {
      const id = `$(docker container inspect --format '{{.Id}}' t-past-${slot})`
      await web1.sh(
        `[ ! -f ${state}/${slot}.finish ] || cat ${state}/${slot}.finish; echo "${until} ${id} docker 5 8000" >${state}/${slot}.finish`,
      )
      await web1.sh('sh /finish')
      return (await web1.sh("docker ps --format '{{.Names}}' | sort | tr '\\n' ' '")).stdout.toString().trim()
    }
    const [, warm] = (await live()) === 'green' ? ['green', 'blue'] : ['blue', 'green']
    expect((await web1.sh(`cut -d' ' -f3- ${state}/${warm}.finish`)).stdout.toString()).toBe(
      'docker 30 8000\n',
    )
    expect(await finish('green', '0')).toBe('t-past-blue t-past-green')
    expect(await finish('blue', '9999999999')).toBe('t-past-blue t-past-green')
    expect(await finish('blue', '0')).toBe('t-past-green')
    const back = await rollback(lab.context(), { target: lab.target, now: () => new Date() })
    expect(back).toMatchObject({ warm: false, slot: 'blue' })
  }, 60_000)

  test('releases are listed with who, where, and the way back; one is brought back by its name', async () => {
    expect((await rows()).map(({ label, owner, hosts, back: way }) => [label, owner, hosts, way])).toEqual([
      ['v3', 'test@here', { web1: 'live', web2: 'live' }, { not: 'serves' }],
      ['v4', 'test@here', { web1: 'warm', web2: 'warm' }, { how: 'flip' }],
      ['v2', 'test@here', { web1: 'held', web2: 'held' }, { how: 'start' }],
      ['v1', 'test@here', { web1: 'held', web2: 'held' }, { how: 'start' }],
    ])
    await expect(rollBack({ to: 'v9' })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /no release called "v9"[^]*v4 .*one flip[^]*v2 .*started first/,
      ) as unknown,
      hint: 'fleet releases t-past',
    })
    await expect(rollBack()).rejects.toMatchObject({
      message: expect.stringContaining('rolled back already') as unknown,
      hint: expect.stringMatching(/^fleet rollback t-past --to /) as unknown,
    })
    const planned = { ...lab.context(), planOnly: true }
    expect(await rollback(planned, { target: keeping(), now, to: 'v4' })).toMatchObject({
      outcome: 'planned',
      label: 'v4',
      warm: true,
    })
    const { result, report } = await door.underLoad(() => rollBack({ to: 'v2' }))
    expect(result).toMatchObject({ outcome: 'rolled-back', warm: false, label: 'v2', slot: 'green' })
    expect(report.reasons).toEqual([])
    expect(await serving()).toBe('v2 v2')
    expect(await rollBack({ to: 'v2' })).toMatchObject({ outcome: 'unchanged', slot: 'green' })
    await on(
      1,
      `docker image rm --force $(docker image ls --quiet fleetfile/t-past:$(sed -n 's/.*"release": "\\(.*\\)".*/\\1/p' $(grep -l '"v1"' /etc/fleetfile/t-past/*-*.json))*)`,
    )
    await expect(rollBack({ to: 'v1' })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('web2: no image') as unknown,
    })
  }, 90_000)

  test('a secret that has changed leaves what serves, and the way back, as they were started', async () => {
    const before = await on(0, 'cd /etc/fleetfile/t-past && sha256sum *.env')
    const options = { ...lab.options(await lab.release('v2'), 'rotated'), target: keeping() }
    expect(await deploy(lab.context(), options)).toMatchObject({ outcome: 'deployed', slot: 'blue' })
    expect(await on(0, 'cd /etc/fleetfile/t-past && sha256sum *.env')).toContain(before.split('\n')[0])
    const after = new Set((await on(0, 'cd /etc/fleetfile/t-past && sha256sum *.env')).split('\n'))
    expect(before.split('\n').filter(line => !after.has(line))).toEqual([])
    await on(0, 'docker restart t-past-blue t-past-green')
    await expect.poll(serving).toBe('v2 rotated')
    await expect.poll(live).toBe('blue')
    expect(await rollBack()).toMatchObject({ label: 'v2', slot: 'green' })
    expect(await serving()).toBe('v2 v2')
    await expect(rollBack()).rejects.toMatchObject({ exitCode: 2 })
  }, 90_000)

  test('each slot is asked for its own health: a path that only the new release has harms nobody', async () => {
    const healths = async () =>
      (await haproxy(lab.lb.context, NAME).read()).map(({ name, health }) => `${name} ${health}`)
    const paths = async () => (await lab.lb.sh(`sort ${healthMap(NAME)}`)).stdout.toString()
    const swapped = {
      ...lab.options(await lab.release('moved', 'error'), 'x'),
      target: keeping({ health: '/version' }),
    }
    expect(await deploy(lab.context(), swapped)).toMatchObject({ outcome: 'deployed', slot: 'blue' })
    const { result, report } = await door.underLoad(async () => {
      await lab.lb.sh('kill -USR2 $(cat /run/haproxy.pid); sleep 3')
      return [await healths(), await paths()]
    })
    expect(report.reasons).toEqual([])
    expect(result).toEqual([
      ['web1-blue up', 'web1-green up', 'web2-blue up', 'web2-green up'],
      'web1-blue /version\nweb1-green /up\nweb2-blue /version\nweb2-green /up\n',
    ])
    expect(await rollBack()).toMatchObject({ warm: true, label: 'v2' })
  }, 90_000)

  test('a run that is cut off after its flip is in the history all the same', async () => {
    const stop = new AbortController()
    const ctx = { ...lab.context(stop.signal), owner: 'ann@laptop', runId: 'cut' }
    const phase = (title: string) => void (title.startsWith('Watch') && stop.abort())
    const options = { ...lab.options(await lab.release('v4'), 'late'), target: keeping() }
    await expect(deploy({ ...ctx, phase }, options)).rejects.toMatchObject({ exitCode: 8 })
    expect(await serving()).toBe('v4 late')
    expect(await lastLine(0)).toMatchObject({ label: 'v2' })
    expect(await finishRelease(lab.context(), { target: keeping(), limits, now })).toMatchObject({
      outcome: 'finished',
      label: 'v4',
      stopped: ['web1', 'web2'],
    })
    const line = { action: 'deploy', label: 'v4', owner: 'ann@laptop', run: 'cut', late: true }
    expect([await lastLine(0), await lastLine(1)]).toMatchObject([line, line])
  }, 90_000)

  test('old releases go, what serves and its way back stay', async () => {
    const names = async () =>
      (await lab.web[0]?.sh("docker image ls --format '{{.Tag}}' fleetfile/t-past | wc -l"))?.stdout
        .toString()
        .trim()
    const target = { ...lab.target, service: { ...lab.service, keep: { releases: 2 } } }
    expect(Number(await names())).toBeGreaterThan(3)
    const options = { ...lab.options(await lab.release('v5'), 'fifth'), target }
    // Users get the maintenance page meanwhile, and so would the probe: that is no error of the release.
    const proxy = haproxy(lab.lb.context, NAME)
    await proxy.admit({ maintenance: true })
    expect(await deploy(lab.context(), options)).toMatchObject({ outcome: 'deployed', probe: { failed: 0 } })
    await proxy.admit({ maintenance: false })
    // The two slots, and the last release that both hosts share.
    expect(await names()).toBe('3')
    const back = await rollback(lab.context(), { target, now: () => new Date() })
    expect(back).toMatchObject({ warm: true })
  }, 60_000)

  test('a backup stands before the migrations, and no rollback crosses a contract unless forced', async () => {
    const migrate = (backup: string) => ({
      migrate: {
        backup: { on: 'web2', command: backup },
        expand: ['sh', '-c', 'echo expand'],
        contract: ['sh', '-c', 'echo contract for "$GREETING"; [ "$GREETING" != unfit ]'],
      },
    })
    const [, web2] = lab.web
    if (web2 === undefined) throw new Error('unreachable')
    const release = await lab.release('v6')
    const with6 = (backup: string, greeting = 'sixth') => ({
      ...lab.options(release, greeting),
      target: { ...keeping(migrate(backup)), backup: web2.host },
    })
    const migrated = () => on(0, 'ls /etc/fleetfile/t-past/*.migrated | wc -l')
    const before = await migrated()
    await expect(deploy(lab.context(), with6('echo disk full; exit 3'))).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringMatching(
        /^web2: the backup failed \(exit code 3\)[^]*\n {2}disk full$/,
      ) as unknown,
    })
    expect([await serving(), await migrated()]).toEqual(['v4 late', before])
    const good = with6('echo dump >>/backups; wc -l </backups')
    expect(await deploy(lab.context(), good)).toMatchObject({ outcome: 'deployed', migrated: true })
    expect(lab.events).toContainEqual({ type: 'note', text: '1' })
    const finish = () => finishRelease(lab.context(), { target: good.target, limits, now })
    expect(await finish()).toMatchObject({ outcome: 'finished', contracted: true, stopped: ['web1', 'web2'] })
    expect(await finish()).toMatchObject({ outcome: 'unchanged', contracted: false, stopped: [] })
    expect(await on(1, 'cat /backups')).toBe('dump\ndump')
    expect((await rows())[0]).toMatchObject({ label: 'v6', schema: 'contracted' })
    await expect(rollBack()).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /^v4 \(.*\) may need what the contract migration of v6 \(.*\) has taken away, at 20.* by test@here/,
      ) as unknown,
    })
    expect(await serving()).toBe('v6 sixth')
    expect(await rollBack({ force: true })).toMatchObject({ warm: false, label: 'v4' })
    expect(await serving()).toBe('v4 late')
  }, 120_000)
})
