import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rollback } from '../../lib/swap/rollback.ts'
import { deploy } from '../../lib/swap/swap.ts'
import { FaultLab } from './faults/fault-lab.ts'
import { cutOffHosts } from './faults/cut-off.ts'
import { killedClients, resumedClients } from './faults/killed.ts'
import { HAPROXY } from './swap-front.ts'

const at = new FaultLab()
const { lab, door } = at
const say = (what: string, value: unknown) => console.info(what, JSON.stringify(value))
const caught = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)

/** A context in which `work` is done, once, when a phase begins. */
const at1st = (phase: string, work: () => Promise<unknown>) => {
  let done: Promise<unknown> | undefined
  const ctx = lab.context()
  const begins = (title: string) => {
    ctx.phase(title)
    if (title.startsWith(phase)) done ??= work()
  }
  return { ctx: { ...ctx, phase: begins, abandon: () => undefined }, done: () => done }
}

describe('what goes wrong in the middle of a swap, with users all the time', () => {
  beforeAll(async () => {
    await at.start()
    await deploy(lab.context(), lab.options(await lab.release('v1'), 'hello'))
  }, 180_000)
  afterAll(() => lab.stop())

  killedClients(at)
  resumedClients(at)
  cutOffHosts(at)

  test('two operators at once, and a rollback in the middle: one goes on, the others are told by whom', async () => {
    const options = lab.options(await lab.release('v1'), 'two')
    const others: Promise<unknown>[] = []
    const { ctx } = at1st('Check', () => {
      const other = { ...lab.context(), owner: 'bob@there', runId: 'other' }
      others.push(
        caught(deploy(other, lab.options(options.release, 'other'))),
        caught(rollback(other, { target: lab.target, now: () => new Date() })),
      )
      return Promise.all(others)
    })
    const { result, report } = await door.underLoad(() => deploy({ ...ctx, owner: 'alice@here' }, options))
    expect(report.reasons).toEqual([])
    expect(result.outcome).toBe('deployed')
    for (const error of await Promise.all(others)) {
      expect(error).toMatchObject({
        exitCode: 6,
        message: expect.stringMatching(/^lb: t-faults is held by alice@here \(run run/) as unknown,
      })
    }
    expect(others).toHaveLength(2)
    expect(await door.get('/version')).toBe('v1 two\n')
  }, 60_000)

  test('a migration that fails half-way: nothing starts, and the corrected one is run from its begin', async () => {
    const count = () => lab.web[0]?.sh("docker ps -a --format '{{.Names}}' | wc -l")
    const before = (await count())?.stdout.toString()
    const met = await door.get('/version')
    const options = lab.options(await lab.release('v1'), 'unfit')
    const { result: error, report } = await door.underLoad(() => caught(deploy(lab.context(), options)))
    expect(report.reasons).toEqual([])
    expect(error).toMatchObject({
      exitCode: 7,
      message: expect.stringContaining(
        'the migration failed (exit code 1); no traffic has gone to v1',
      ) as unknown,
    })
    expect((await count())?.stdout.toString()).toBe(before)
    expect(await door.get('/version')).toBe(met)
    const target = { ...lab.target, service: { ...lab.service, migrate: ['echo', 'corrected'] } }
    expect(await deploy(lab.context(), { ...options, target })).toMatchObject({ migrated: true })
  }, 60_000)

  test('a release that is healthy and crashes after five seconds is turned back', async () => {
    const before = await door.get('/version')
    const options = lab.options(await lab.release('crashing', 'crash-later'), 'x', { watchSeconds: 8 })
    const { result: error, report } = await door.underLoad(() => caught(deploy(lab.context(), options)))
    say('crashing', [error instanceof Error ? error.message : error, report])
    expect(error).toMatchObject({ exitCode: 7, message: expect.stringContaining('flipped back') as unknown })
    expect(await door.get('/version')).toBe(before)
  }, 60_000)

  test('the proxy killed and started again before the flip: only what it held then fails', async () => {
    const options = lab.options(await lab.release('v1'), 'restarted')
    const { ctx, done } = at1st('Check', () => lab.lb.sh(`pkill -KILL haproxy; sleep 1; ${HAPROXY}`))
    const { result, report } = await door.underLoad(() => deploy(ctx, options))
    await done()
    say('proxy killed', [result, report])
    expect(result.outcome).toBe('deployed')
    for (const { reason } of report.reasons) expect(reason).toMatch(/^(ECONN|socket hang up|EPIPE|aborted)/)
    expect(await door.get('/version')).toBe('v1 restarted\n')
  }, 60_000)

  test('a host that reboots behind the flip: turned back, and the same swap again takes it all over', async () => {
    const [, web2] = lab.web
    const before = await door.get('/version')
    const options = lab.options(await lab.release('v1'), 'rebooted', { watchSeconds: 10 })
    const { ctx, done } = at1st('Watch', async () => {
      await web2?.halt('kill', '--signal', 'KILL')
      await sleep(3000)
      await web2?.boot()
    })
    const { result: error, report } = await door.underLoad(async () => {
      const ended = await caught(deploy(ctx, options))
      await done()
      return ended
    })
    say('host rebooted', [error instanceof Error ? error.message : error, report])
    expect(error).toMatchObject({ exitCode: 7, message: expect.stringContaining('flipped back') as unknown })
    expect(await door.get('/version')).toBe(before)
    await web2?.sh('for i in $(seq 100); do docker info >/dev/null 2>&1 && break; sleep 0.2; done')
    await sleep(4000)
    const again = await door.underLoad(() => deploy(lab.context(), options))
    expect(again.report.reasons).toEqual([])
    expect(again.result).toMatchObject({ outcome: 'deployed' })
    expect(await at.live()).toBe(again.result.slot)
  }, 120_000)
})
