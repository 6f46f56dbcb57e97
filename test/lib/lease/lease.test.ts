import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LeaseHeldError } from '../../../lib/errors.ts'
import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import { leasesOn, withLeases } from '../../../lib/lease/lease.ts'
import { pause } from '../../../lib/rollout/pause.ts'
import type { Transport } from '../../../lib/transport/transport.ts'
import { folder } from '../../support/folder.ts'
import { operator } from '../../support/operator.ts'
import { connected, failure } from '../../support/ssh-connect.ts'
import { sshServer, type SshServer } from '../../support/ssh-server.ts'

const proxy = (name: string): FleetHost => ({
  name,
  role: 'lb',
  address: '127.0.0.1',
  firstUser: 'root',
  target: { name, address: '127.0.0.1', port: 22, user: 'root', hostKeys: [] },
})
const one = (name: string) => leasesOn([proxy('lb1')], name)

const refuse = () => Promise.reject(new Error('not used'))

const login = (server: SshServer) => connected(server.target({ user: 'root' }))

test('of two at once one works; the other is told who, which run, since when and why', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  await using b = await login(server)
  const at = { folder: join(folder(), 'run') }
  const ben = operator('ben@desk', b)
  let refused: unknown
  const ann = operator("ann's@lap\ntop", a, { message: 'fix\x1b[2J the login' })
  const result = await withLeases(
    ann,
    one('web'),
    async () => {
      refused = await failure(withLeases(ben, one('web'), refuse, at))
      // Another service is another matter, and what is held may be asked for again.
      expect(await withLeases(ben, one('till'), () => Promise.resolve('free'), at)).toBe('free')
      expect(await withLeases(ann, one('web'), () => Promise.resolve('again'), at)).toBe('again')
      return 'done'
    },
    at,
  )
  expect(result).toBe('done')
  expect(refused).toBeInstanceOf(LeaseHeldError)
  expect(refused).toMatchObject({
    exitCode: 6,
    message: expect.stringMatching(
      /^lb1: web is held by ann's@lap top \(run run-of-ann's, since \S+Z, last heard of \ds ago\): fix/,
    ) as unknown,
    hint: 'the same command with --wait 5m',
  })
  expect(String(refused)).not.toContain('\x1b')
  expect(statSync(at.folder).mode & 0o777).toBe(0o700)
  // Free at once, and nobody stands in it any more.
  expect(readFileSync(join(at.folder, 'web.lease'), 'utf8')).toBe('')
  expect(await withLeases(ben, one('web'), () => Promise.resolve(1), at)).toBe(1)
  expect(a.cost.executions).toBe(1)
})

test('several services of a host cost one execution, and are had together or not at all', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  await using b = await login(server)
  const at = { folder: folder() }
  const many = leasesOn([proxy('lb1'), proxy('lb1')], 'web', 'api', 'docs')
  await withLeases(
    operator('ann', a),
    many,
    async () => {
      for (const name of ['api', 'docs', 'web']) {
        await expect(withLeases(operator('ben', b), one(name), refuse, at)).rejects.toThrow(
          `${name} is held by ann (run run-of-ann,`,
        )
      }
      await expect(
        withLeases(operator('ben', b), leasesOn([proxy('lb1')], 'alone', 'docs'), refuse, at),
      ).rejects.toThrow('docs is held by ann')
    },
    at,
  )
  expect(a.cost.executions).toBe(1)
  expect(await withLeases(operator('ben', b), one('alone'), () => Promise.resolve(1), at)).toBe(1)
})

test('the hint names the run when its id can be typed', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const at = { folder: folder() }
  await withLeases(
    operator('ann', a),
    one('web'),
    () =>
      expect(withLeases(operator('ben', a), one('web'), refuse, at)).rejects.toMatchObject({
        hint: 'fleet show run-of-ann, or fleet abort run-of-ann, or the same command with --wait 5m',
      }),
    at,
  )
})

test('--plan holds nothing', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const ctx = operator('ann', a, { planOnly: true })
  expect(await withLeases(ctx, one('web'), () => Promise.resolve(1))).toBe(1)
  expect(ctx.asked).toEqual([])
})

test('--wait takes it when it is free, and says once who is waited for', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  await using b = await login(server)
  const at = { folder: folder() }
  const ben = operator('ben', b, { wait: 20_000 })
  const order: string[] = []
  let waiting: Promise<void> | undefined
  await withLeases(
    operator('ann', a, { message: 'fix it' }),
    one('web'),
    async () => {
      waiting = withLeases(ben, one('web'), () => Promise.resolve(void order.push('ben')), at)
      await expect.poll(() => ben.notes, { timeout: 10_000 }).toHaveLength(1)
      order.push('ann')
    },
    at,
  )
  await waiting
  expect(order).toEqual(['ann', 'ben'])
  expect(ben.notes).toEqual([
    expect.stringMatching(/^waiting for ann, who holds web \(run run-of-ann, since \S+Z, "fix it"\)$/),
  ])
})

test('--wait ends: the other still holds it', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  await using b = await login(server)
  const at = { folder: folder() }
  await withLeases(
    operator('ann', a),
    one('web'),
    () =>
      expect(withLeases(operator('ben', b, { wait: 1200 }), one('web'), refuse, at)).rejects.toBeInstanceOf(
        LeaseHeldError,
      ),
    at,
  )
})

test('work that fails frees it, too', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const at = { folder: folder() }
  const ann = operator('ann', a)
  const failing = withLeases(ann, one('web'), () => Promise.reject(new Error('broken')), at)
  await expect(failing).rejects.toThrow('broken')
  expect(await withLeases(ann, one('web'), () => Promise.resolve(1), at)).toBe(1)
})

test('a killed connection frees it, and stops the work that relied on it', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const at = { folder: folder() }
  const ann = operator('ann', a)
  const work = withLeases(
    ann,
    one('web'),
    async () => {
      server.dropAll()
      await pause(20_000, ann.signal)
    },
    at,
  )
  await expect(work).rejects.toMatchObject({ exitCode: 8 })
  expect(ann.lost).toMatchObject([
    {
      message: expect.stringMatching(/^\w+: lost the lease on web: .*lost/) as unknown,
      hint: expect.stringContaining('run the same command again') as unknown,
    },
  ])
  await using b = await login(server)
  for (let attempt = 1; ; attempt++) {
    try {
      await withLeases(operator('ben', b), one('web'), () => Promise.resolve(), at)
      return
    } catch (error) {
      if (attempt === 50 || !(error instanceof LeaseHeldError)) throw error
      await sleep(20)
    }
  }
})

test('hosts are asked in one order, whatever the order given; what was got is let go', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  await using b = await login(server)
  const at = { folder: folder() }
  // Both names are this machine: the second lease is refused by the first, which is then let go.
  const work = withLeases(operator('ben', b), leasesOn([proxy('lb2'), proxy('lb1')], 'web'), refuse, at)
  await expect(work).rejects.toThrow('lb2: web is held by ben')
  expect(await withLeases(operator('ann', a), one('web'), () => Promise.resolve(1), at)).toBe(1)
})

test('runs that want overlapping hosts and wait all get through, none beside another', async () => {
  await using server = await sshServer()
  const root = folder()
  const busy = new Set<string>()
  const work = async (owner: string, hosts: readonly string[]) => {
    await using connection = await login(server)
    // Four hosts of which each has a folder of its own on this machine.
    const open = ({ name }: FleetHost): Promise<Transport> =>
      Promise.resolve({
        host: name,
        user: 'root',
        cost: connection.cost,
        exec: (script, options) => connection.exec(script.replaceAll('/leases', join(root, name)), options),
        forward: refuse,
        close: refuse,
      })
    const at = { folder: '/leases', open }
    const ctx = operator(owner, connection, { wait: 20_000 })
    for (let round = 0; round < 3; round++) {
      await withLeases(
        ctx,
        leasesOn(hosts.map(proxy), 'web'),
        async () => {
          expect(hosts.filter(host => busy.has(host))).toEqual([])
          for (const host of hosts) busy.add(host)
          await sleep(20)
          for (const host of hosts) busy.delete(host)
        },
        at,
      )
    }
    return owner
  }
  const all = await Promise.all([
    work('ann', ['a', 'b', 'c']),
    work('ben', ['d', 'c', 'b']),
    work('cleo', ['a', 'd']),
  ])
  expect(all).toEqual(['ann', 'ben', 'cleo'])
})

test('an interrupted run does not begin', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const stop = new AbortController()
  stop.abort()
  const ctx = operator('ann', a, { stop })
  await expect(withLeases(ctx, one('web'), refuse, { folder: folder() })).rejects.toThrow(/abort/i)
})
