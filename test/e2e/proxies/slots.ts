import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ProxyServer } from '../../../lib/proxy/proxy.ts'
import type { Slot } from '../../../lib/swap/slot.ts'
import { all, flipTo, of, sum, type Subject } from './subject.ts'
import { failures } from './users.ts'

/** What a proxy does with slots, and with those who ask. The slots are green in the end. */
export function slotContract(subject: Subject): void {
  const web = subject.users()

  test('is set up once, and serves nobody before the first deploy', async () => {
    expect(await subject.lab.converge(subject.lab.resources(subject.kind))).toEqual([])
    expect(await subject.live()).toBeUndefined()
    expect((await subject.proxy.read()).map(({ name }) => name).toSorted()).toEqual([
      'web1-blue',
      'web1-green',
      'web2-blue',
      'web2-green',
    ])
    expect(await web.ask('/')).toMatchObject({ status: 503 })
  })

  test('takes what all hosts are told in one execution, and sees who is well', async () => {
    const before = subject.lab.lb.executions
    await subject.proxy.set(all('blue', 'ready'))
    expect(subject.lab.lb.executions).toBe(before + 1)
    expect(await subject.live()).toBe('blue')
    expect(await web.ask('/')).toMatchObject({
      status: 200,
      answer: expect.stringMatching(/^web[12]-blue/) as unknown,
    })
    await subject.proxy.set(all('green', 'drain'))
    const seen = await subject.until(now => now.every(({ health }) => health === 'up'))
    expect(seen.map(({ health }) => health)).toEqual(['up', 'up', 'up', 'up'])
    const answers = await Promise.all(Array.from({ length: 20 }, () => web.ask('/')))
    expect(new Set(answers.map(({ answer }) => answer))).toEqual(new Set(['web1-blue 0', 'web2-blue 0']))
  })

  test('the same again changes nothing', async () => {
    const before = await subject.admins()
    await subject.proxy.set(all('blue', 'ready'))
    await subject.proxy.set([])
    expect(await subject.admins()).toEqual(before)
  })

  test('sends users on to https, knows its names, and tells services who asked', async () => {
    const plain = await subject.lab.lb.sh(
      `curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' -H 'Host: app.swap.test' 'http://127.0.0.1/a?b=c'`,
    )
    expect(plain.stdout.toString()).toBe('308 https://app.swap.test/a?b=c')
    expect(await web.ask('/', { headers: { host: 'other.test' } })).toMatchObject({ status: 421 })
    const { body } = await web.ask('/headers', {
      headers: {
        host: 'App.swap.test',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-proto': 'http',
        'x-request-id': 'x',
      },
    })
    expect(JSON.parse(body)).toMatchObject({
      host: 'App.swap.test',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'App.swap.test',
      'x-forwarded-for': expect.not.stringContaining('1.2.3.4') as unknown,
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{32,36}$/) as unknown,
    })
  })

  test('counts requests and errors of each slot', async () => {
    const before = await subject.still()
    await Promise.all(Array.from({ length: 20 }, () => web.ask('/')))
    await Promise.all(Array.from({ length: 5 }, () => web.ask('/error')))
    const more = (now: readonly ProxyServer[], slot: Slot, key: 'requests' | 'errors') =>
      sum(of(now, slot), key) - sum(of(before, slot), key)
    await subject.until(now => more(now, 'blue', 'requests') >= 25 && more(now, 'blue', 'errors') >= 5)
    const after = await subject.still()
    const counted = (slot: Slot, key: 'requests' | 'errors') => more(after, slot, key)
    expect([counted('blue', 'requests'), counted('blue', 'errors')]).toEqual([25, 5])
    expect([counted('green', 'requests'), counted('green', 'errors')]).toEqual([0, 0])
  })

  test('asks again where nothing can have happened, and never twice for what may have', async () => {
    const dropped = async () => {
      const counts = subject.lab.backends.map(({ name, address }) =>
        subject.lab.lb
          .sh(`curl -sS http://${address}:8001/dropped`)
          .then(({ stdout }) => [name, Number(stdout)] as const),
      )
      return (await Promise.all(counts)).reduce((total, [, count]) => total + count, 0)
    }
    const before = await dropped()
    expect((await web.ask('/drop', { method: 'POST' }, 'paid')).status).toBe(502)
    expect(await dropped()).toBe(before + 1)
    expect((await web.ask('/drop')).status).toBe(502)
    expect(await dropped()).toBeGreaterThan(before + 2)
  })

  test('a flip fails no request, and what is asked after it was answered goes to the new slot alone', async () => {
    for (const to of ['green', 'blue'] as const) {
      const { result: flipped, asked } = await web.during(async () => {
        await subject.proxy.set(flipTo(to))
        return performance.now()
      })
      expect(failures(asked)).toEqual({})
      expect(asked.some(({ reused, sent }) => reused && sent > flipped)).toBe(true)
      const late = asked.filter(({ sent }) => sent > flipped)
      expect(late.length).toBeGreaterThan(20)
      expect(late.filter(({ answer }) => !answer.includes(`-${to} `))).toEqual([])
    }
  })

  test('what goes on in a slot that drains is counted, and ends in peace', async () => {
    const stream = web.ask('/stream?seconds=4')
    const slow = web.ask('/?seconds=3')
    const upload = web.ask('/?seconds=3', { method: 'POST' }, 'x'.repeat(3_000_000))
    const socket = await web.socket('/socket')
    socket.write('before\n')
    await sleep(500)
    await subject.proxy.set(flipTo('green'))
    const inBlue = (count: number) => subject.until(now => sum(of(now, 'blue'), 'sessions') === count, 2)
    expect(sum(of(await inBlue(4), 'blue'), 'sessions')).toBe(4)
    expect((await stream).body.trim().split('\n')).toHaveLength(40)
    expect(await slow).toMatchObject({ status: 200, answer: expect.stringContaining('-blue 0') as unknown })
    expect(await upload).toMatchObject({
      status: 200,
      answer: expect.stringContaining('-blue 3000000') as unknown,
    })
    expect(
      sum(of(await subject.until(now => sum(of(now, 'blue'), 'sessions') === 1), 'blue'), 'sessions'),
    ).toBe(1)
    const said = new Promise<string>(resolve => socket.on('data', (data: Buffer) => resolve(data.toString())))
    socket.write('after\n')
    expect(await said).toMatch(/web\d-blue (before|after)\n/)
    socket.end()
    expect(
      sum(of(await subject.until(now => sum(of(now, 'blue'), 'sessions') === 0), 'blue'), 'sessions'),
    ).toBe(0)
  })

  test('sees a slot fall ill and recover', async () => {
    const ask = (status: number) =>
      subject.lab.lb.sh(`curl -sS 'http://${subject.lab.backends[0]?.address}:8002/health?status=${status}'`)
    const one = (now: readonly ProxyServer[]) => now.find(({ name }) => name === 'web1-green')
    const seen = async (health: string) => one(await subject.until(now => one(now)?.health === health))
    await ask(503)
    expect(await seen('down')).toMatchObject({
      health: 'down',
      check: expect.stringContaining('503') as unknown,
    })
    await ask(200)
    expect(await seen('up')).toMatchObject({ health: 'up' })
  })

  test('asks a slot for the path of its own release, and knows it behind a restart', async () => {
    const healths = (now: readonly ProxyServer[]) =>
      now.map(({ name, health }) => `${name} ${health}`).toSorted()
    const told = (health: string) => [{ server: 'web1-blue', admin: 'drain' as const, health }]
    const ill = ['web1-blue down', 'web1-green up', 'web2-blue up', 'web2-green up']
    const isIll = (now: readonly ProxyServer[]) => healths(now).join() === ill.join()
    const before = await subject.admins()
    await subject.proxy.set(told('/error'))
    expect(healths(await subject.until(isIll))).toEqual(ill)
    await subject.systemctl('restart')
    expect(healths(await subject.until(isIll))).toEqual(ill)
    await subject.proxy.set(told('/up'))
    const seen = await subject.until(now => now.every(({ health }) => health === 'up'))
    expect(seen.map(({ health }) => health)).toEqual(['up', 'up', 'up', 'up'])
    expect(await subject.admins()).toEqual(before)
    await expect(subject.proxy.set(told('/a b"'))).rejects.toMatchObject({ exitCode: 2 })
  })
}
