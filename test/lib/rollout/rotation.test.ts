import { expect, test } from 'vitest'
import { Rotation } from '../../../lib/rollout/rotation.ts'
import { FakeProxy, fakeServer } from '../../support/fake-proxy.ts'

const hosts = ['web1', 'web2', 'web3']

interface Setting {
  /** Hosts that serve in the beginning. */
  readonly serving?: readonly string[]
  readonly drainSeconds?: number
}

async function opened({ serving = hosts, drainSeconds = 1 }: Setting = {}) {
  const proxies = ['lb1', 'lb2'].map(
    name =>
      new FakeProxy(
        name,
        hosts.map(host => fakeServer(host, 'blue', serving.includes(host) ? 'ready' : 'maint')),
      ),
  )
  const said: string[] = []
  const { signal } = new AbortController()
  const note = (text: string) => void said.push(text)
  const limits = { drainSeconds, healthSeconds: 0 }
  const rotation = new Rotation({ note, warn: note, signal }, 'app', proxies, limits)
  await rotation.open(hosts)
  const admins = () =>
    proxies.map(({ servers }) => servers.map(({ host, admin }) => `${host} ${admin}`).join(', '))
  return { proxies, rotation, said, admins }
}

test('a host leaves all proxies, first for new requests and then for good, and comes back looked at anew', async () => {
  const { proxies, rotation, admins } = await opened()
  await rotation.leave('web2')
  const out = 'web1 ready, web2 maint, web3 ready'
  expect(admins()).toEqual([out, out])
  await rotation.comeBack('web2')
  for (const { told } of proxies)
    expect(told.flat().map(({ admin }) => admin)).toEqual(['drain', 'maint', 'drain', 'ready'])
  expect(admins()[0]).toBe('web1 ready, web2 ready, web3 ready')
})

test('its requests are waited for, and named when they go on for too long', async () => {
  const { proxies, rotation, said } = await opened({ drainSeconds: 0 })
  for (const proxy of proxies) proxy.servers = proxy.servers.map(each => ({ ...each, sessions: 2 }))
  await rotation.leave('web1')
  expect(said).toEqual(['web1: 4 requests go on after 0 s: they may be cut off now'])
})

test('the last one that serves waits until another is back', async () => {
  const { rotation, admins } = await opened()
  await Promise.all([rotation.leave('web1'), rotation.leave('web2')])
  let isOut = false
  const last = rotation.leave('web3').then(() => (isOut = true))
  await new Promise(resolve => setImmediate(resolve))
  expect([isOut, admins()[0]]).toEqual([false, 'web1 maint, web2 maint, web3 ready'])
  await rotation.comeBack('web1')
  await last
  expect(admins()[1]).toBe('web1 ready, web2 maint, web3 maint')
})

test('the last one that serves is not touched when the others did not come back', async () => {
  const { rotation, admins } = await opened()
  await rotation.leave('web1')
  rotation.fail('web1')
  await rotation.exclude(['web2'])
  await expect(rotation.leave('web3')).rejects.toThrow('the last host of app that serves')
  rotation.fail('web3')
  expect(admins()[0]).toBe('web1 maint, web2 maint, web3 ready')
})

test('the only one that ever served stays, with a word about it', async () => {
  const { rotation, said, admins } = await opened({ serving: ['web1'] })
  await rotation.leave('web1')
  expect(said).toEqual(['web1 is the only host of app that serves: it stays in the load balancer'])
  await rotation.comeBack('web1')
  expect(admins()[0]).toBe('web1 ready, web2 maint, web3 maint')
})

test('a host that no proxy finds well gets no requests', async () => {
  const { proxies, rotation, admins } = await opened()
  await rotation.leave('web1')
  for (const proxy of proxies)
    proxy.servers = proxy.servers.map(each => ({ ...each, health: 'down', check: 'L7STS 503' }))
  await expect(rotation.comeBack('web1')).rejects.toThrow(/web1: .*\(L7STS 503\): it gets no requests/)
  expect(admins()[0]).toBe('web1 maint, web2 ready, web3 ready')
})

test('a proxy that does not know a host is told of before anything is touched', async () => {
  const { rotation } = await opened()
  await expect(rotation.open(['web9'])).rejects.toThrow(/lb1 does not know web9/)
})
