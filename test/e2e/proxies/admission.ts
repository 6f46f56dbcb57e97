import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { all, flipTo, type Subject } from './subject.ts'
import { failures } from './users.ts'

const OPEN = { maintenance: false, heldMilliseconds: 0 }

/** What a proxy does with requests before any slot gets them. It begins and ends with green slots. */
export function admissionContract(subject: Subject): void {
  const web = subject.users()
  const api = subject.users('api')

  test('maintenance shows a page, lets the health path through, and leaves other services alone', async () => {
    await subject.lab.proxy(subject.kind, 'api').set(all('blue', 'ready'))
    const before = await subject.admins()
    const executions = subject.lab.lb.executions
    expect(await subject.proxy.admit({ maintenance: true })).toBe(true)
    expect(subject.lab.lb.executions).toBe(executions + 1)
    expect(await subject.proxy.admit({ maintenance: true })).toBe(false)
    expect(await subject.proxy.admission()).toEqual({ ...OPEN, maintenance: true })
    for (const [path, method] of [
      ['/', 'GET'],
      ['/up/x', 'GET'],
      ['/any?seconds=0', 'POST'],
    ] as const) {
      const { status, body, headers } = await web.ask(path, { method }, method === 'POST' ? 'sent' : '')
      expect([status, headers['retry-after']]).toEqual([503, '120'])
      expect(headers['content-type']).toContain('text/html')
      expect(body).toContain('<h1>Back soon</h1>')
    }
    expect(await web.ask('/up')).toMatchObject({ status: 200, body: 'up\n' })
    expect(await api.ask('/')).toMatchObject({ status: 200 })
    expect(await subject.admins()).toEqual(before)
  })

  test('it outlives a reload, a restart and a flip; then exactly the live slot is back', async () => {
    await subject.systemctl('reload')
    expect(await web.ask('/')).toMatchObject({ status: 503 })
    await subject.systemctl('restart')
    await subject.until(now => now.length > 0)
    expect(await subject.proxy.admission()).toEqual({ ...OPEN, maintenance: true })
    await subject.proxy.set(flipTo('blue'))
    expect(await web.ask('/')).toMatchObject({ status: 503 })
    expect(await subject.proxy.admit({ maintenance: false })).toBe(true)
    expect(await subject.proxy.admit({ maintenance: false })).toBe(false)
    expect(await subject.proxy.admission()).toEqual(OPEN)
    expect((await web.ask('/')).answer).toMatch(/^web\d-blue/)
  })

  test('a hold lets nothing through and fails nothing; whatever serves when it ends gets it', async () => {
    // One that had to wait for a processor: what it takes for the time must not be behind from then on.
    await subject.lab.lb.sh(
      `systemctl kill --signal=STOP ${subject.unit}; sleep 2.5; systemctl kill --signal=CONT ${subject.unit}`,
    )
    const { asked } = await web.during(async () => {
      await subject.proxy.admit({ holdSeconds: 3 })
      expect((await subject.proxy.admission()).heldMilliseconds).toBeGreaterThan(500)
      expect(await web.ask('/up')).toMatchObject({ status: 200 })
      await subject.proxy.set(flipTo('green'))
      await sleep(3500)
    })
    expect(failures(asked)).toEqual({})
    const starts = asked.map(({ ended }) => ended).toSorted((a, b) => a - b)
    const gap = Math.max(...starts.slice(1).map((end, index) => end - (starts[index] ?? end)))
    console.info(`${subject.kind}: ${asked.length} requests, longest gap ${Math.round(gap)} ms`)
    expect(gap).toBeGreaterThan(2000)
    expect(gap).toBeLessThan(5000)
    const held = asked.filter(({ sent, ended }) => ended - sent > 1500)
    expect(held.length).toBeGreaterThan(0)
    for (const { answer } of held) expect(answer).toMatch(/^web\d-green/)
    expect(await subject.proxy.admission()).toEqual(OPEN)
  })

  test('a body that is sent meanwhile arrives whole, and a hold can be ended early', async () => {
    await subject.proxy.admit({ holdSeconds: 20 })
    const sent = web.ask('/', { method: 'POST' }, 'x'.repeat(300_000))
    await sleep(500)
    expect(await subject.proxy.admit({ holdSeconds: 0 })).toBe(true)
    expect(await subject.proxy.admit({ holdSeconds: 0 })).toBe(false)
    expect(await sent).toMatchObject({
      status: 200,
      answer: expect.stringMatching(/green 300000$/) as unknown,
    })
  })
}
