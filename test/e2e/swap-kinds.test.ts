import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readProxies, setSlot } from '../../lib/proxy/proxies.ts'
import { proxyOf } from '../../lib/proxy/proxy-of.ts'
import { rollback } from '../../lib/swap/rollback.ts'
import { deploy } from '../../lib/swap/swap.ts'
import { converge } from './converge.ts'
import { booted } from './machine.ts'
import { doorOf, frontResources } from './swap-front.ts'
import { SwapLab } from './swap-lab.ts'

/** Its own service, whose images no other test takes away. */
const NAME = 't-swap-nginx'

const lab = new SwapLab(NAME, { kind: 'nginx', image: 't-proxy-host', engine: 'podman' })
const door = doorOf(lab)
const HOSTS = ['web1', 'web2']
const proxy = () => proxyOf(lab.lb.context, NAME, lab.service)
const live = async () => (await readProxies([proxy()], HOSTS)).live
const say = (what: string, value: unknown) => console.info(what, JSON.stringify(value))

afterAll(() => lab.stop())

describe('a swap on two hosts with Podman 4.3 and nginx 1.22', () => {
  beforeAll(async () => {
    await lab.start()
    await booted(lab.lb)
    await converge(lab.lb, await frontResources(lab, door))
  }, 180_000)
  test('the first deploy fills blue and sends traffic there', async () => {
    expect(await live()).toBeUndefined()
    const report = await deploy(lab.context(), lab.options(await lab.release('v1'), 'hello'))
    expect(report).toMatchObject({ outcome: 'deployed', slot: 'blue' })
    expect(await door.get('/version')).toBe('v1 hello\n')
  }, 180_000)

  test('the next release takes over under load: no failed request, the open stream ends in peace', async () => {
    const stream = door.get('/stream?seconds=12')
    const { result, report } = await door.underLoad(async () =>
      deploy(lab.context(), lab.options(await lab.release('v2'), 'welcome', { drainSeconds: 2 })),
    )
    say('swap', result)
    say('probe', report)
    expect(result).toMatchObject({ outcome: 'deployed', slot: 'green' })
    expect(report.reasons).toEqual([])
    for (const { layers, bytes } of Object.values(result.shipped ?? {})) {
      expect(layers).toBe(1)
      expect(bytes).toBeLessThan(10_000)
    }
    expect(report.versions.map(({ version }) => version)).toEqual(['v1 hello', 'v2 welcome'])
    expect((await stream).trim().split('\n')).toHaveLength(120)
  }, 120_000)

  test('a rollback is one flip, back to the release with its own environment', async () => {
    const { result, report } = await door.underLoad(() =>
      rollback(lab.context(), { target: lab.target, now: () => new Date() }),
    )
    say('rollback', result)
    say('probe', report)
    expect(result).toMatchObject({ warm: true, slot: 'blue' })
    expect(report.reasons).toEqual([])
    expect(report.versions.at(-1)?.version).toBe('v1 hello')
  }, 60_000)

  test('errors after the flip turn everything back', async () => {
    const { result: error, report } = await door.underLoad(async () =>
      deploy(
        lab.context(),
        lab.options(await lab.release('bad-later', 'later'), 'x', { watchSeconds: 10 }),
      ).catch((thrown: unknown) => thrown),
    )
    say('turned back', [error instanceof Error ? error.message : '', report])
    expect(error).toMatchObject({ exitCode: 7 })
    expect(await live()).toBe('blue')
    expect(await door.get('/version')).toBe('v1 hello\n')
  }, 120_000)
})

describe('a swap on the same hosts and Traffic Server 9.2, which keeps answers', () => {
  beforeAll(async () => {
    lab.kind = 'trafficserver'
    const resources = await frontResources(lab, door)
    await expect(converge(lab.lb, resources)).rejects.toThrow('nginx listens on port 80 or 443')
    await lab.lb.sh('systemctl disable --now nginx')
    await converge(lab.lb, resources)
    await setSlot([proxy()], HOSTS, 'blue', 'ready')
  }, 120_000)

  test('takes over under load and back: no failed request, and what was kept is gone each time', async () => {
    const kept = () => Promise.all(['/kept', '/static/x'].map(path => door.get(path)))
    expect(await kept()).toEqual(['v1 hello\n', 'v1 hello\n'])
    const swapped = await door.underLoad(
      async () => deploy(lab.context(), lab.options(await lab.release('v3'), 'welcome', { drainSeconds: 2 })),
      '/kept',
    )
    say('swap', swapped)
    expect(swapped.result).toMatchObject({ outcome: 'deployed', slot: 'green' })
    expect(swapped.report.reasons).toEqual([])
    expect(swapped.report.versions.map(({ version }) => version)).toEqual(['v1 hello', 'v3 welcome'])
    // The service says that what is under this path never changes.
    expect(await kept()).toEqual(['v3 welcome\n', 'v1 hello\n'])
    const back = await door.underLoad(
      () => rollback(lab.context(), { target: lab.target, now: () => new Date() }),
      '/kept',
    )
    say('rollback', back)
    expect(back.result).toMatchObject({ warm: true, slot: 'blue' })
    expect(back.report.reasons).toEqual([])
    expect(await kept()).toEqual(['v1 hello\n', 'v1 hello\n'])
  }, 120_000)
})
