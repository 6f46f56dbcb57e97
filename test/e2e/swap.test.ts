import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { haproxy } from '../../lib/proxy/haproxy.ts'
import { HealthError } from '../../lib/errors.ts'
import { catchUpContainer } from '../../lib/swap/catch-up-container.ts'
import { liveSlot, readProxies } from '../../lib/proxy/proxies.ts'
import { rollback } from '../../lib/swap/rollback.ts'
import { deploy } from '../../lib/swap/swap.ts'
import type { FrontDoor } from './front-door.ts'
import { HAPROXY, askToStop, doorOf, forgetRun, startFront } from './swap-front.ts'
import { NAME, SwapLab } from './swap-lab.ts'

const lab = new SwapLab()

const live = async () => (await readProxies([haproxy(lab.lb.context, NAME)], ['web1', 'web2'])).live
const say = (what: string, value: unknown) => console.info(what, JSON.stringify(value))

const door = doorOf(lab)
const get = (path: string) => door.get(path)
const underLoad: FrontDoor['underLoad'] = (work, path) => door.underLoad(work, path)

describe('a swap on two engines and HAProxy 2.6', () => {
  beforeAll(async () => {
    await lab.start()
    await startFront(lab, door)
  }, 120_000)
  afterAll(() => lab.stop())

  test('the first deploy fills blue and sends traffic there', async () => {
    expect(await live()).toBeUndefined()
    const report = await deploy(lab.context(), lab.options(await lab.release('v1'), 'hello'))
    say('first deploy', report)
    expect(report).toMatchObject({ outcome: 'deployed', slot: 'blue', built: true, migrated: true })
    expect(await get('/version')).toBe('v1 hello\n')
  }, 180_000)

  test('the same again changes nothing and costs each host one execution beside its lease', async () => {
    const before = lab.machines.map(({ executions }) => executions)
    const report = await deploy(lab.context(), lab.options(await lab.release('v1'), 'hello'))
    expect(report).toMatchObject({ outcome: 'unchanged', slot: 'blue' })
    expect(lab.machines.map(({ executions }, index) => executions - (before[index] ?? 0))).toEqual([2, 2, 2])
  })

  test('the next release takes over under load: no failed request, the open stream ends in peace', async () => {
    const stream = get('/stream?seconds=12')
    const { result, report } = await underLoad(async () =>
      deploy(lab.context(), lab.options(await lab.release('v2'), 'welcome', { drainSeconds: 2 })),
    )
    say('second deploy', result)
    say('probe', report)
    expect(result).toMatchObject({ outcome: 'deployed', slot: 'green', probe: { failed: 0 } })
    expect(result.probe?.before?.requests).toBeGreaterThan(0)
    expect(result.probe?.after?.requests).toBeGreaterThan(0)
    expect(report.reasons).toEqual([])
    expect(report.versions.map(({ version }) => version)).toEqual(['v1 hello', 'v2 welcome'])
    for (const sent of Object.values(result.shipped ?? {})) expect(sent.bytes).toBeLessThan(100_000)
    expect((await stream).trim().split('\n')).toHaveLength(120)
  }, 120_000)

  test('a rollback is one flip, back to the release with its own environment', async () => {
    const before = lab.machines.map(({ executions }) => executions)
    const { result, report } = await underLoad(() =>
      rollback(lab.context(), { target: lab.target, now: () => new Date() }),
    )
    say('rollback', result)
    say('probe', report)
    expect(result).toMatchObject({ warm: true, slot: 'blue' })
    // Budgets, since the machine may be busy: the proxy is locked, asked for maintenance, read twice, flipped and read; a host and its history are read, it may not stop the slot, and both are noted.
    expect(lab.machines.map(({ executions }, index) => executions - (before[index] ?? 0))).toEqual([6, 6, 6])
    expect(result.flip?.proxyMilliseconds).toBeLessThan(250)
    expect(report.reasons).toEqual([])
    expect(report.versions.at(-1)?.version).toBe('v1 hello')
  }, 60_000)

  test('another rollback would bring back what the first one took away: refused', async () => {
    await expect(
      rollback(lab.context(), { target: lab.target, now: () => new Date() }),
    ).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/v1 \([0-9a-f]{12}\) serves.*bring back v2 \([0-9a-f]{12}\)/) as unknown,
      hint: expect.stringMatching(/^fleet rollback t-swap --to [0-9a-f]{12}-/) as unknown,
    })
    expect(await live()).toBe('blue')
  }, 60_000)

  test('reload and restart of the proxy keep the live slot; a reload drops nothing', async () => {
    const { report } = await underLoad(async () => {
      for (let count = 0; count < 3; count += 1) {
        await lab.lb.sh('kill -USR2 $(cat /run/haproxy.pid)')
        await sleep(700)
      }
    })
    say('reloads', report)
    expect(report.reasons).toEqual([])
    expect(await live()).toBe('blue')
    await lab.lb.sh(`kill -TERM $(cat /run/haproxy.pid); sleep 1; ${HAPROXY}`)
    expect(await live()).toBe('blue')
    expect(await get('/version')).toBe('v1 hello\n')
  }, 60_000)

  test.each([
    ['crash', /ended with exit code 3[^]*cannot import name 'settings'/],
    ['port', /nothing answers on port 8000 in the container: it listens on port 9999/],
    ['redirect', /HTTP 301: it redirects to https:\/\/elsewhere\.test\/up/],
    ['error', /HTTP 500: database is gone/],
  ])(
    'a release that fails by %s changes nothing, and the reason is told',
    async (broken, reason) => {
      const { result: error, report } = await underLoad(async () =>
        deploy(
          lab.context(),
          lab.options(await lab.release(`bad-${broken}`, broken), 'x', { healthSeconds: 3 }),
        ).catch((thrown: unknown) => thrown),
      )
      expect(error).toBeInstanceOf(HealthError)
      expect(error).toMatchObject({ exitCode: 7, message: expect.stringMatching(reason) as unknown })
      say('error', error instanceof Error ? error.message : '')
      expect(report.reasons).toEqual([])
      expect(await live()).toBe('blue')
      expect((await lab.web[0]?.sh('docker ps -aq | wc -l'))?.stdout.toString().trim()).toBe('1')
    },
    60_000,
  )

  test('a migration that fails stops before any slot is started', async () => {
    const deploying = deploy(lab.context(), lab.options(await lab.release('v3'), 'unfit'))
    await expect(deploying).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringMatching(
        /^web1: the migration failed \(exit code 1\)[^]*migrating for/,
      ) as unknown,
    })
    expect(await live()).toBe('blue')
  }, 60_000)

  test('errors after the flip turn everything back, and no rollback goes to that release', async () => {
    const { result: error, report } = await underLoad(async () =>
      deploy(
        lab.context(),
        lab.options(await lab.release('bad-later', 'later'), 'x', { watchSeconds: 10 }),
      ).catch((thrown: unknown) => thrown),
    )
    say('turned back', [error instanceof Error ? error.message : '', report])
    expect(error).toMatchObject({
      exitCode: 7,
      message: expect.stringMatching(
        /requests (through the front door )?failed.*: flipped back to blue/,
      ) as unknown,
    })
    expect(await live()).toBe('blue')
    expect(await get('/version')).toBe('v1 hello\n')
    const { label } = await rollback(lab.context(), { target: lab.target, now: () => new Date() })
    expect(label).toBe('v2')
    expect(await get('/version')).toBe('v2 welcome\n')
  }, 60_000)

  test('a deploy cut off before its flip is finished by the next one', async () => {
    const stop = new AbortController()
    const ctx = lab.context(stop.signal)
    const cut = { ...ctx, phase: (title: string) => void (title.startsWith('Check') && stop.abort()) }
    const options = lab.options(await lab.release('v3'), 'third')
    await expect(deploy(cut, options)).rejects.toMatchObject({ exitCode: 8 })
    expect(await live()).toBe('green')
    const report = await deploy(lab.context(), options)
    expect(report).toMatchObject({ outcome: 'deployed', slot: 'blue', built: false })
    expect(await get('/version')).toBe('v3 third\n')
  }, 60_000)

  test('a flip that was cut off leaves both slots live; the next deploy settles it', async () => {
    await lab.lb.sh(
      "echo 'set server t-swap/web2-green state ready; set server t-swap/web2-blue state drain' | socat - UNIX-CONNECT:/run/haproxy/admin.sock",
    )
    expect(await live()).toBe('mixed')
    const report = await deploy(lab.context(), lab.options(await lab.release('v3'), 'third'))
    expect(report).toMatchObject({ outcome: 'unchanged', slot: 'blue' })
    expect(await live()).toBe('blue')
  }, 60_000)

  test('a rollback starts a slot that is gone from its own manifest', async () => {
    for (const machine of lab.web) await machine.sh('docker rm -f t-swap-green')
    const report = await rollback(lab.context(), { target: lab.target, to: 'v2', now: () => new Date() })
    say('cold rollback', report)
    expect(report).toMatchObject({ warm: false, label: 'v2' })
    expect(await get('/version')).toBe('v2 welcome\n')
    expect(liveSlot((await readProxies([haproxy(lab.lb.context, NAME)], ['web1', 'web2'])).servers)).toBe(
      'green',
    )
  }, 60_000)

  test('a host in quarantine is left alone and out of the proxy, and gets back what the others serve', async () => {
    const [web1, web2] = lab.web
    if (web1 === undefined || web2 === undefined) throw new Error('unreachable')
    const away = new Set(['web2'])
    const ofWeb2 = async () =>
      (await haproxy(lab.lb.context, NAME).read())
        .filter(({ host }) => away.has(host))
        .map(({ admin }) => admin)
    const before = web2.executions
    const target = { ...lab.target, hosts: [web1.host], away: [web2.host] }
    const options = { ...lab.options(await lab.release('v4'), 'fourth'), target }
    expect(await deploy(lab.context(), options)).toMatchObject({ outcome: 'deployed', slot: 'blue' })
    // Whether it has the migration's mark, since no other host has it.
    expect(web2.executions - before).toBe(1)
    expect(await ofWeb2()).toEqual(['maint', 'maint'])
    await lab.lb.sh('kill -USR2 $(cat /run/haproxy.pid); sleep 1')
    await lab.lb.sh(`kill -TERM $(cat /run/haproxy.pid); sleep 1; ${HAPROXY}`)
    expect(await ofWeb2()).toEqual(['maint', 'maint'])

    const { result, report } = await underLoad(() =>
      catchUpContainer(lab.context(), lab.target, web2.host, [web1.host], () => new Date()),
    )
    expect(result).toMatchObject({ label: 'v4' })
    expect(report.reasons).toEqual([])
    expect(await live()).toBe('blue')
    expect(await ofWeb2()).toContain('ready')
    expect((await web2.sh('docker inspect -f "{{.Config.Image}}" t-swap-blue')).stdout).toEqual(
      (await web1.sh('docker inspect -f "{{.Config.Image}}" t-swap-blue')).stdout,
    )
    expect(await deploy(lab.context(), { ...options, target: lab.target })).toMatchObject({
      outcome: 'unchanged',
    })
    const back = await rollback(lab.context(), { target: lab.target, now: () => new Date() })
    expect(back).toMatchObject({ label: 'v2' })
    expect(await get('/version')).toBe('v2 welcome\n')
  }, 120_000)

  test('asked to stop before its flip it makes none; asked after it, the flip is finished and noted', async () => {
    const before = await get('/version')
    const serves = await live()
    const idle = serves === 'blue' ? 'green' : 'blue'
    const options = lab.options(await lab.release('v3'), 'fourth')
    await askToStop(lab)
    const message = `asked to stop before the flip of ${NAME} to ${idle}: nothing was flipped`
    await expect(deploy(lab.context(), options)).rejects.toMatchObject({ exitCode: 8, message })
    const noted = await forgetRun(lab)
    expect([await live(), await get('/version'), noted]).toEqual([serves, before, `${NAME} ${idle} stopped`])
    const phase = (title: string) => void (title.startsWith('Watch') && askToStop(lab))
    expect((await deploy({ ...lab.context(), phase }, options)).outcome).toBe('deployed')
    expect([await live(), await forgetRun(lab)]).toEqual([idle, `${NAME} ${idle} flipped`])
    await rollback(lab.context(), { target: lab.target, now: () => new Date() })
    expect([await live(), await get('/version')]).toEqual([serves, before])
  }, 120_000)

  test('secrets are in no process list, and the files are for root alone', async () => {
    const { stdout } =
      (await lab.web[0]?.sh(
        'stat -c "%a %U" /etc/fleetfile/t-swap/*.env /etc/fleetfile/t-swap/*.json | sort -u',
      )) ?? {}
    expect(stdout?.toString().trim().split('\n')).toEqual(['600 root', '777 root'])
    expect(JSON.stringify(lab.events)).not.toMatch(/welcome|third|fourth/)
  })
})
