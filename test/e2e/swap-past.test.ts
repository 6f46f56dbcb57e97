import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { haproxy } from '../../lib/container/haproxy.ts'
import { readProxies } from '../../lib/rollout/proxies.ts'
import { rollback } from '../../lib/rollout/rollback.ts'
import { deploy } from '../../lib/rollout/swap.ts'
import { finishSlots } from '../../templates/shell/finish-slots.ts'
import { startFront } from './swap-front.ts'
import { SwapLab } from './swap-lab.ts'

const NAME = 't-past'
const lab = new SwapLab(NAME)
const live = async () => (await readProxies([haproxy(lab.lb.context, NAME)], ['web1', 'web2'])).live

describe('what is left behind a swap', () => {
  beforeAll(async () => {
    await lab.start()
    await startFront(lab)
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

  test('old releases go, what serves and its way back stay', async () => {
    const names = async () =>
      (await lab.web[0]?.sh("docker image ls --format '{{.Tag}}' fleetfile/t-past | wc -l"))?.stdout
        .toString()
        .trim()
    const target = { ...lab.target, service: { ...lab.service, keep: { releases: 2 } } }
    expect(Number(await names())).toBeGreaterThan(3)
    const options = { ...lab.options(await lab.release('v5'), 'fifth'), target }
    expect(await deploy(lab.context(), options)).toMatchObject({ outcome: 'deployed' })
    // The two slots, and the last release that both hosts share.
    expect(await names()).toBe('3')
    const back = await rollback(lab.context(), { target, now: () => new Date() })
    expect(back).toMatchObject({ warm: true })
  }, 60_000)
})
