import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { all, flipTo, type Subject } from './subject.ts'
import { failures } from './users.ts'

/** What a proxy keeps of the answers of a service, where it keeps any. */
export function cacheContract(subject: Subject): void {
  const web = subject.users()
  const api = subject.users('api')
  const body = async (path: string) => (await web.ask(path)).answer

  test('an answer that may be kept is given again, until the next flip, there or back', async () => {
    await subject.proxy.set(flipTo('green'))
    await subject.lab.proxy(subject.kind, 'api').set(all('blue', 'ready'))
    const [green, other] = [await body('/kept'), (await api.ask('/kept')).answer]
    expect(green).toMatch(/^web\d-green/)
    expect([await body('/kept'), (await api.ask('/kept')).answer]).toEqual([green, other])
    await subject.proxy.set(all('green', 'drain', ['web1']))
    await subject.proxy.set(flipTo('blue'))
    const blue = await body('/kept')
    expect(blue).toMatch(/^web\d-blue/)
    expect((await api.ask('/kept')).answer).toBe(other)
    await subject.proxy.set(flipTo('green'))
    expect(await body('/kept')).toMatch(/^web\d-green/)
    expect(await body('/kept')).not.toBe(green)
  })

  test('what the old slot still answers behind a flip is kept for nobody', async () => {
    await subject.proxy.set(flipTo('blue'))
    const late = web.ask('/kept?seconds=1')
    await sleep(300)
    await subject.proxy.set(flipTo('green'))
    expect((await late).answer).toMatch(/-blue/)
    expect(await body('/kept?seconds=1')).toMatch(/-green/)
  })

  test('errors, what is for one user, and what does not say for how long are not kept', async () => {
    for (const path of ['/kept?status=500', '/kept?status=404', '/kept?cookie=a', '/', '/up']) {
      const [first, second] = [await web.ask(path), await web.ask(path)]
      expect([path, first.headers['age'] ?? '0', second.headers['age'] ?? '0']).toEqual([path, '0', '0'])
      if (path.startsWith('/kept')) expect(second.answer).not.toBe(first.answer)
    }
  })

  test('paths that the service names outlive a flip; one of its own hosts may throw away any', async () => {
    const first = await body('/static/app-1234.js')
    await subject.proxy.set(flipTo('blue'))
    expect(await body('/static/app-1234.js')).toBe(first)
    expect((await web.ask('/static/app-1234.js', { method: 'PURGE' })).status).toBe(405)
    const [host] = subject.lab.backends
    const purge = `import http.client, ssl; c = http.client.HTTPSConnection("${subject.lab.lb.address}", context=ssl._create_unverified_context()); c.request("PURGE", "/static/app-1234.js", headers={"Host": "app.swap.test"}); print(c.getresponse().status)`
    expect((await host?.sh(`python3 -c '${purge}'`))?.stdout.toString()).toBe('200\n')
    expect(await body('/static/app-1234.js')).toMatch(/-blue/)
  })

  test('even a restart cuts nobody off: who comes meanwhile waits', async () => {
    const { asked } = await web.during(() => subject.systemctl('restart'), { count: 6 })
    expect(failures(asked)).toEqual({})
    const longest = Math.max(...asked.map(({ sent, ended }) => ended - sent))
    console.info(`${subject.kind}: ${asked.length} requests, the longest took ${Math.round(longest)} ms`)
  })
}
