import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LeaseHeldError } from '../../../lib/errors.ts'
import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import { expectLive } from '../../../lib/rollout/expect-live.ts'
import { withLease, type LeaseContext } from '../../../lib/rollout/lease.ts'
import { pause } from '../../../lib/rollout/pause.ts'
import type { Slot } from '../../../lib/rollout/slot.ts'
import type { Transport } from '../../../lib/transport/transport.ts'
import { folder } from '../../support/folder.ts'
import { connected, failure } from '../../support/ssh-connect.ts'
import { sshServer, type SshServer } from '../../support/ssh-server.ts'

const proxy = (name: string): FleetHost => ({
  name,
  role: 'lb',
  address: '127.0.0.1',
  firstUser: 'root',
  target: { name, address: '127.0.0.1', port: 22, user: 'root', hostKeys: [] },
})

const refuse = () => Promise.reject(new Error('not used'))

function operator(
  owner: string,
  transport: Transport,
  signal = new AbortController().signal,
): LeaseContext & { readonly warnings: string[]; readonly asked: string[] } {
  const warnings: string[] = []
  const asked: string[] = []
  return {
    warnings,
    asked,
    owner,
    runId: `run-of-${owner}`,
    signal,
    warn: text => void warnings.push(text),
    on: host => {
      asked.push(host.name)
      return { host, read: refuse, run: refuse, transport: () => Promise.resolve(transport) }
    },
  }
}

const login = (server: SshServer) => connected(server.target({ user: 'root' }))

test('of two at once one works; the other is told who, which run and since when', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  await using b = await login(server)
  const at = { folder: join(folder(), 'run') }
  const ben = operator('ben@desk', b)
  let refused: unknown
  const result = await withLease(
    operator("ann's@lap\ntop", a),
    [proxy('lb1')],
    'web',
    async () => {
      refused = await failure(withLease(ben, [proxy('lb1')], 'web', refuse, at))
      // Another service is another matter.
      expect(await withLease(ben, [proxy('lb1')], 'till', () => Promise.resolve('free'), at)).toBe('free')
      return 'done'
    },
    at,
  )
  expect(result).toBe('done')
  expect(refused).toBeInstanceOf(LeaseHeldError)
  expect(refused).toMatchObject({
    exitCode: 6,
    message: expect.stringMatching(
      /^lb1: web is being swapped by ann's@lap top \(run run-of-ann's@lap top, since \S+Z\)$/,
    ) as unknown,
    hint: expect.stringContaining('try again') as unknown,
  })
  expect(statSync(at.folder).mode & 0o777).toBe(0o700)
  // Free at once, and nobody stands in it any more.
  expect(readFileSync(join(at.folder, 'web.swap.lock'), 'utf8')).toBe('')
  expect(await withLease(ben, [proxy('lb1')], 'web', () => Promise.resolve(1), at)).toBe(1)
  expect(ben.warnings).toEqual([])
})

test('work that fails frees it, too', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const at = { folder: folder() }
  const ann = operator('ann', a)
  const failing = withLease(ann, [proxy('lb1')], 'web', () => Promise.reject(new Error('broken')), at)
  await expect(failing).rejects.toThrow('broken')
  expect(await withLease(ann, [proxy('lb1')], 'web', () => Promise.resolve(1), at)).toBe(1)
})

test('a killed connection frees it, and stops the work that relied on it', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const at = { folder: folder() }
  const work = withLease(
    operator('ann', a),
    [proxy('lb1')],
    'web',
    async ({ signal }) => {
      server.dropAll()
      await pause(20_000, signal)
    },
    at,
  )
  await expect(work).rejects.toMatchObject({
    message: expect.stringMatching(/^lb1: lost the lock for web: .*lost/) as unknown,
    hint: expect.stringContaining('run the same command again') as unknown,
  })
  await using b = await login(server)
  for (let attempt = 1; ; attempt++) {
    try {
      await withLease(operator('ben', b), [proxy('lb1')], 'web', () => Promise.resolve(), at)
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
  const ben = operator('ben', b)
  await withLease(ben, [proxy('lb2'), proxy('lb1')], 'web', refuse, at).catch(() => undefined)
  // Both names are this machine: the second lock is refused by the first, which is then let go.
  expect(ben.asked).toEqual(['lb1', 'lb2'])
  expect(await withLease(operator('ann', a), [proxy('lb1')], 'web', () => Promise.resolve(1), at)).toBe(1)
})

test('an interrupted run does not begin', async () => {
  await using server = await sshServer()
  await using a = await login(server)
  const ctx = operator('ann', a, AbortSignal.abort())
  await expect(withLease(ctx, [proxy('lb1')], 'web', refuse, { folder: folder() })).rejects.toMatchObject({
    exitCode: 8,
  })
})

test.each([
  ['blue', 'blue', undefined],
  [undefined, undefined, undefined],
  ['green', 'blue', 'green takes the requests of web now, not blue'],
  ['mixed', 'blue', 'both slots take the requests of web now, not blue'],
  ['green', undefined, 'green takes the requests of web now, not none'],
] as const)('%s serves, %s is expected', async (live, expected: Slot | undefined, message) => {
  const swap = {
    ctx: { signal: new AbortController().signal },
    target: { name: 'web' },
    read: () => Promise.resolve({ servers: [], live }),
  }
  const reading = expectLive(swap, expected)
  if (message === undefined) await expect(reading).resolves.toMatchObject({ live })
  else
    await expect(reading).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringContaining(message) as unknown,
    })
})
