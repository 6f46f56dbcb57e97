import { expect, test } from 'vitest'
import { z } from 'zod'
import { AbortedError, ConnectError, HealthError } from '../../../lib/errors.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { validateFleet } from '../../../lib/fleet/validate.ts'
import { sh } from '../../../lib/shell/sh.ts'
import type { HostContext, TaskContext } from '../../../lib/task/context.ts'
import { defineTask, type Task } from '../../../lib/task/define.ts'
import type { Environment } from '../../../lib/task/environment.ts'
import { runTask } from '../../../lib/task/run.ts'
import { recordingConnect, recordingTransport } from '../../../lib/transport/recording.ts'
import { testEnvironment } from '../../support/environment.ts'

const shop = validateFleet(
  {
    name: 'shop',
    provider: 'static',
    access: { user: 'ops' },
    roles: { web: {}, db: {} },
    hosts: {
      web1: { role: 'web', address: '203.0.113.1' },
      web2: { role: 'web', address: '203.0.113.2' },
      db1: { role: 'db', address: '203.0.113.3' },
    },
    services: {},
    secrets: ['token'],
  },
  'shop.ts',
)

const task = (run: Task['run'], hosts: Task['hosts'] = 'all') =>
  defineTask({ name: 'try', summary: 'Try', params: z.strictObject({}), hosts, run })

function world(overrides: Partial<Environment> = {}) {
  const events: FleetEvent[] = []
  const environment = testEnvironment(shop, {
    emit: event => void events.push(event),
    env: { FLEET_SECRET_TOKEN: 'hunter2' },
    ...overrides,
  })
  const [web1, web2, db1] = ['web1', 'web2', 'db1'].map(host =>
    recordingTransport({ host, expect: [{ command: 'uptime', times: 'any' }] }),
  )
  if (web1 === undefined || web2 === undefined || db1 === undefined) throw new Error('unreachable')
  return { environment, events, web1, web2, db1, connect: recordingConnect({ web1, web2, db1 }) }
}

const uptime = (ctx: TaskContext) => ctx.each(ctx.hosts, host => ctx.on(host).read(sh`uptime`))

test.each<[Task['hosts'], readonly string[], readonly string[]]>([
  ['all', [], ['web1', 'web2', 'db1']],
  ['web', [], ['web1', 'web2']],
  [['db', 'web1'], [], ['web1', 'db1']],
  [() => ['db'], [], ['db1']],
  ['all', ['web', '!web2'], ['web1']],
  ['none', [], []],
])('a task on %j with --on %j works on %j, and on no other', async (hosts, on, expected) => {
  const { environment, events, connect, ...transports } = world({ on })
  await runTask(
    task(async ctx => void (await uptime(ctx)), hosts),
    {},
    environment,
    connect,
  )
  const used = [transports.web1, transports.web2, transports.db1].filter(each => each.executed.length > 0)
  expect(used.map(({ host }) => host)).toEqual(expected)
  expect(events[0]).toEqual({ type: 'run-started', task: 'try', fleet: 'shop', hosts: expected })
})

test.each<[string, Task['hosts'], readonly string[], string]>([
  ['a host that is not there', 'all', ['web9'], '--on: unknown host or role "web9", did you mean "web1"?'],
  ['a host of another role', 'web', ['db1'], '--on db1 leaves no host'],
  ['a task without hosts', 'none', ['web1'], '--on: this command works on no hosts'],
])('--on with %s runs nothing', async (_, hosts, on, message) => {
  const { environment, events, connect } = world({ on })
  const run = () => Promise.reject(new Error('it ran'))
  await expect(runTask(task(run, hosts), {}, environment, connect)).rejects.toMatchObject({
    message,
    exitCode: 2,
  })
  expect(events).toEqual([])
})

test('connections are shared in a run, and closed however it ends', async () => {
  const { environment, connect, web1 } = world()
  const opened: string[] = []
  const run = async (ctx: TaskContext) => {
    await uptime(ctx)
    await uptime(ctx)
    throw new Error('in the middle')
  }
  const counted: typeof connect = (target, options) => {
    opened.push(`${target.user}@${target.name}`)
    return connect(target, options)
  }
  await expect(runTask(task(run), {}, environment, counted)).rejects.toThrow('in the middle')
  expect(opened.toSorted()).toEqual(['ops@db1', 'ops@web1', 'ops@web2'])
  expect(web1.closed).toBe(true)
})

test('a host that cannot be reached is named, the others are worked on', async () => {
  const { environment, web1, web2 } = world({ on: ['web'] })
  const gone = new ConnectError('connection refused', { host: 'web2' })
  const connect = recordingConnect({ web1, web2: gone })
  await expect(
    runTask(
      task(async ctx => void (await uptime(ctx))),
      {},
      environment,
      connect,
    ),
  ).rejects.toMatchObject({
    message: '1 of 2 hosts failed\n  web2: connection refused',
    exitCode: 5,
  })
  expect(web1.executed).toHaveLength(1)
  expect(web2.executed).toHaveLength(0)
})

test('what fails after Ctrl-C is told as the stop it is', async () => {
  const controller = new AbortController()
  const { environment, connect } = world({ signal: controller.signal })
  const run = async () => {
    controller.abort(new AbortedError('stopped by SIGINT'))
    throw new Error('cut off')
  }
  await expect(runTask(task(run), {}, environment, connect)).rejects.toMatchObject({
    message: 'stopped: cut off',
    exitCode: 8,
  })
})

test.each([
  ['a run that no host knows', {}, 'run it again'],
  ['a run that hosts know', { runId: '20261122T120000-aaaa' }, 'fleet resume 20261122T120000-aaaa'],
  [
    'a reviewed run, which is never resumed',
    { runId: '20261122T120000-aaaa', pins: { plan: '0123456789ab' } },
    'fleet plan --out plan.json, then fleet apply plan.json: what is left is reviewed again',
  ],
])('a stop tells how to go on with %s', async (_, known, hint) => {
  const controller = new AbortController()
  const resumes = { pins: {}, decidedBy: 'the run before', ...known }
  const { environment, connect } = world({ signal: controller.signal, resumes })
  const run = async () => {
    controller.abort(new AbortedError('stopped by SIGINT', { hint: 'run it again' }))
    throw new AbortedError('web1: stopped before its first step')
  }
  await expect(runTask(task(run, 'none'), {}, environment, connect)).rejects.toMatchObject({
    message: 'web1: stopped before its first step',
    hint,
    exitCode: 8,
  })
})

test('the ids of runs are in the order in which these began', async () => {
  let time = Date.parse('2026-11-22T12:00:00Z')
  const { environment, connect } = world({ now: () => new Date((time += 1)) })
  const seen: string[] = []
  const run = async ({ runId }: TaskContext) => void seen.push(runId)
  for (let count = 0; count < 20; count += 1) await runTask(task(run), {}, environment, connect)
  expect(seen).toEqual(seen.toSorted())
})

test('what a task is given', async () => {
  const { environment, connect } = world()
  const seen: unknown[] = []
  const run = async (ctx: TaskContext) => {
    seen.push(ctx.runId, ctx.allHosts.length, (await ctx.secret('token')).reveal())
    return { data: 1, exitCode: 3 }
  }
  expect(await runTask(task(run), {}, environment, connect)).toEqual({ data: 1, exitCode: 3 })
  expect(seen).toEqual([expect.stringMatching(/^20261122T120000000-[0-9a-f]{4}$/), 3, 'hunter2'])
  expect(
    await runTask(
      task(async () => {}),
      {},
      environment,
      connect,
    ),
  ).toEqual({ exitCode: 0 })
})

const runTrue = (first: HostContext): Promise<unknown> => first.run(sh`true`)

test.each<[string, (first: HostContext) => Promise<unknown>, object]>([
  ['well', runTrue, { exitCode: 0 }],
  ['well after a change that was no command', first => first.touch(), { exitCode: 0 }],
  [
    'with an error',
    first => runTrue(first).then(() => Promise.reject(new HealthError('no'))),
    { exitCode: 7, error: 'unhealthy' },
  ],
])('a run that ended %s says so to the hosts that it changed, and to no other', async (_, work, expected) => {
  const told: string[] = []
  const [web1, web2] = ['web1', 'web2'].map(host =>
    recordingTransport({
      host,
      expect: [
        {
          command: /^(true|perl)$/,
          times: 'any',
          reply: sent => {
            if (sent.stdin.includes('ended.json')) told.push(`${host} ${sent.stdin.toString()}`)
            return { stdout: 'noted' }
          },
        },
      ],
    }),
  )
  if (web1 === undefined || web2 === undefined) throw new Error('unreachable')
  const { environment } = world({ on: ['web'] })
  const run = async (ctx: TaskContext) => {
    const [first] = ctx.hosts
    if (first !== undefined) await work(ctx.on(first))
  }
  await runTask(task(run), {}, environment, recordingConnect({ web1, web2 })).catch(() => undefined)
  expect(told).toHaveLength(1)
  const [, json = ''] = /^web1 [^]*\n(\{"version":1,"at":.*\})\n/.exec(told[0] ?? '') ?? []
  expect(JSON.parse(json)).toEqual({ version: 1, at: '2026-11-22T12:00:00.000Z', ...expected })
})
