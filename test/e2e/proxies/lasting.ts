import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { liveSlot } from '../../../lib/proxy/proxies.ts'
import { all, flipTo, type Subject } from './subject.ts'
import { failures } from './users.ts'

/** What a proxy keeps, whatever happens to it. It begins with green slots. */
export function lastingContract(subject: Subject): void {
  const web = subject.users()
  const api = subject.users('api')

  test('services behind it are flipped each for itself', async () => {
    await subject.lab.proxy(subject.kind, 'api').set(all('blue', 'ready'))
    expect([await subject.live('web'), await subject.live('api')]).toEqual(['green', 'blue'])
    expect((await api.ask('/')).answer).toMatch(/^web\d-api-blue/)
    await subject.lab.proxy(subject.kind, 'api').set(flipTo('green'))
    expect([await subject.live('web'), await subject.live('api')]).toEqual(['green', 'green'])
    expect((await api.ask('/')).answer).toMatch(/^web\d-api-green/)
    expect((await web.ask('/')).answer).toMatch(/^web\d-green/)
  })

  test.each([
    'web1-blue; shutdown sessions server web/web1-green',
    'web1-blue\nset server web/web1-green state maint',
    '$(touch /tmp/owned)-blue',
    "'; touch /tmp/owned; '-blue",
    '../../../tmp/owned-blue',
    'web3-blue',
    '-blue',
    '',
  ])('refuses %j as a slot, and changes nothing', async server => {
    const before = await subject.admins()
    await expect(
      subject.proxy.set([
        { server: 'web1-green', admin: 'drain' },
        { server, admin: 'ready' },
      ]),
    ).rejects.toThrow(/slot/)
    expect(await subject.admins()).toEqual(before)
    expect((await subject.lab.lb.sh('ls /tmp/owned')).exitCode).not.toBe(0)
  })

  test('a configuration that its program rejects replaces nothing', async () => {
    const before = await subject.admins()
    await expect(
      subject.lab.converge(subject.lab.resources(subject.kind, '\nno such directive\n')),
    ).rejects.toThrow(/stays/)
    await subject.systemctl('reload')
    expect(await subject.admins()).toEqual(before)
    expect(await web.ask('/')).toMatchObject({ status: 200 })
    expect(await subject.lab.converge(subject.lab.resources(subject.kind))).toEqual([])
  })

  test('a host leaves while it serves, and returns, without a failed request', async () => {
    const { result: gone, asked } = await web.during(async () => {
      await subject.proxy.set(all('green', 'drain', ['web1']))
      const left = performance.now()
      await sleep(300)
      const returns = performance.now()
      await subject.proxy.set(all('green', 'ready', ['web1']))
      return { left, returns }
    })
    expect(failures(asked)).toEqual({})
    const meanwhile = asked.filter(({ sent, ended }) => sent > gone.left && ended < gone.returns)
    expect(new Set(meanwhile.map(({ answer }) => answer))).toEqual(new Set(['web2-green 0']))
    expect(
      asked.filter(({ sent }) => sent > gone.returns).some(({ answer }) => answer.startsWith('web1')),
    ).toBe(true)
  })

  test('a reload drops nothing and keeps what serves, a host that was taken out included', async () => {
    await subject.proxy.set([...all('blue', 'maint', ['web1']), ...all('green', 'maint', ['web1'])])
    const before = await subject.admins()
    const { asked } = await web.during(async () => {
      for (let count = 0; count < 2; count += 1) {
        await subject.systemctl('reload')
        await sleep(500)
      }
    })
    expect(failures(asked)).toEqual({})
    expect(await subject.admins()).toEqual(before)
  })

  test('a restart, a kill and a reboot keep what serves', async () => {
    const before = await subject.admins()
    const serves = async () => {
      await subject.until(now => now.length > 0)
      expect(await subject.admins()).toEqual(before)
      expect((await web.ask('/')).answer).toBe('web2-green 0')
    }
    await subject.systemctl('restart')
    await serves()
    await subject.lab.lb.sh(`systemctl kill --signal KILL ${subject.unit}; sleep 1`)
    await serves()
    await subject.lab.lb.reboot()
    await subject.lab.booted()
    await serves()
  })

  test('killed in the middle of a command, it serves one slot or the other, now and after a restart', async () => {
    await subject.proxy.set(flipTo('green'))
    const starts = async () => {
      const slot = liveSlot(await subject.proxy.read())
      expect(['blue', 'green', 'mixed']).toContain(slot)
      expect(await web.ask('/')).toMatchObject({ status: 200 })
    }
    for (const [index, seconds] of [0.003, 0.006, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08].entries()) {
      await subject.lab
        .cutOff(subject.kind, seconds)
        .set(flipTo(index % 2 === 0 ? 'blue' : 'green'))
        .catch(() => undefined)
      await starts()
    }
    await subject.systemctl('restart')
    await starts()
    await subject.proxy.set(flipTo('blue'))
    expect(await subject.live()).toBe('blue')
  })
}
