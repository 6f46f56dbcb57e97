import { describe, expect, test } from 'vitest'
import type { RunTask } from '../../bin/cli.ts'
import { OutputClosedError } from '../../bin/io.ts'
import {
  AbortedError,
  ConnectError,
  FleetError,
  HealthError,
  HostsFailedError,
  LeaseHeldError,
  PartialResultError,
} from '../../lib/errors.ts'
import { cli } from '../support/cli.ts'
import { folder, smallFleet } from '../support/folder.ts'
import { echo, entriesOf } from '../support/tasks.ts'

const tasks = entriesOf(echo)
const call = ['workers', 'set', '--count', '1', 'web1']
const failing =
  (thrown: unknown): RunTask =>
  () =>
    Promise.reject(thrown)

describe('exit codes', () => {
  test.each<[string, unknown, number]>([
    ['a bug', new TypeError('x is undefined'), 1],
    ['unreachable', new ConnectError('timed out', { host: 'web1' }), 5],
    ['held', new LeaseHeldError('held by ann'), 6],
    ['unhealthy', new HealthError('502'), 7],
    ['aborted', new AbortedError('no'), 8],
    ['partial', new PartialResultError('2 of 3'), 9],
    ['hosts', new HostsFailedError([{ host: 'a', error: new Error('x') }], 2), 4],
    ['hosts that were stopped', new HostsFailedError([{ host: 'a', error: new AbortedError('x') }], 2), 8],
  ])('%s', async (_, error, code) => {
    const { stderr, exitCode } = await cli(call, { tasks, runTask: failing(error) })
    expect(exitCode).toBe(code)
    expect(stderr).toMatch(
      error instanceof FleetError ? /^error: / : /^bug: .*report.*\nTypeError: x is undefined\n\s+at /,
    )
  })

  test("a task's own", async () => {
    expect((await cli(call, { tasks, runTask: async () => ({ exitCode: 3 }) })).exitCode).toBe(3)
  })
})

describe('the command of a hint', () => {
  const stopped = new AbortedError('stopped', { hint: 'fleet resume 3f9a, or fleet users list' })

  test('names the fleet that the operator named', async () => {
    const { stderr } = await cli([...call, '--fleet', 'lab'], { tasks, runTask: failing(stopped) })
    expect(stderr).toContain('hint: fleet resume --fleet lab 3f9a, or fleet users list --fleet lab\n')
  })

  test('stays as it is without one, and where it names one', async () => {
    expect((await cli(call, { tasks, runTask: failing(stopped) })).stderr).toContain(
      'hint: fleet resume 3f9a, or fleet users list\n',
    )
    const elsewhere = new AbortedError('no lab', { hint: 'fleet lab up --fleet lab' })
    const { stderr } = await cli([...call, '--fleet', 'lab'], { tasks, runTask: failing(elsewhere) })
    expect(stderr).toContain('hint: fleet lab up --fleet lab\n')
  })
})

describe('--json', () => {
  const events = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)

  test('every line of stdout is an event', async () => {
    const { stdout, stderr } = await cli(['hosts', '--fleet', 'lab', '--json'])
    const all = events(stdout)
    expect(all.map(({ v, type }) => [v, type])).toEqual([
      [1, 'run-started'],
      [1, 'result'],
      [1, 'run-ended'],
    ])
    expect(all[1]?.data).toContainEqual({ name: 'web1', role: 'web', address: null })
    expect(stderr).toBe('')
  })

  test.each([
    [
      'in the run',
      failing(new ConnectError('timed out', { host: 'web1', hint: 'fleet status' })),
      call,
      5,
      'connect',
    ],
    ['before it', failing(undefined), ['workers', 'set', '--cuont'], 2, 'usage'],
  ])('an error %s ends the events', async (_, runTask, argv, exitCode, code) => {
    const { stdout } = await cli([...argv, '--json'], { tasks, runTask })
    expect(events(stdout).at(-1)).toMatchObject({ v: 1, type: 'run-ended', exitCode, error: { code } })
  })
})

describe('being stopped', () => {
  const waiting: RunTask = (_, __, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  const stopped = async (reason: Error) => {
    const controller = new AbortController()
    const result = cli(call, { tasks, runTask: waiting, signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)
    return result
  }

  test('says so and how to go at once', async () => {
    const { stderr, exitCode } = await stopped(new AbortedError('stopped by SIGINT'))
    expect(stderr).toBe('warning: stopping..., again to let go at once\nerror: stopped by SIGINT\n')
    expect(exitCode).toBe(8)
  })

  test('is quiet when nobody reads', async () => {
    expect(await stopped(new OutputClosedError())).toEqual({ stdout: '', stderr: '', exitCode: 8 })
  })
})

test('a run gets what the command line says', async () => {
  const cwd = folder({ 'inventory/shop.ts': smallFleet('shop') })
  let seen: unknown
  const runTask: RunTask = async (
    _,
    params,
    { fleet, on, planOnly, yes, concurrency, timeout, isInteractive, paths },
  ) => {
    seen = {
      params,
      fleet: fleet.name,
      on,
      planOnly,
      yes,
      concurrency,
      timeout,
      isInteractive,
      folder: paths.fleet,
    }
    return {}
  }
  await cli(
    [
      'hosts',
      '--on',
      'web1,!web2',
      '--on',
      'db',
      '--plan',
      '--yes',
      '12',
      '--concurrency',
      '3',
      '--timeout',
      '5m',
    ],
    {
      cwd,
      runTask,
    },
  )
  expect(seen).toEqual({
    params: {},
    fleet: 'shop',
    on: ['web1', '!web2', 'db'],
    planOnly: true,
    yes: 12,
    concurrency: 3,
    timeout: 300_000,
    isInteractive: false,
    folder: `${cwd}/inventory`,
  })
})

describe("a user's own task", () => {
  const hello = (name: string) => `
    import { z } from 'zod'
    import { defineTask } from 'fleetfile'
    export default defineTask({
      name: '${name}',
      summary: 'Greet',
      params: z.strictObject({ loud: z.boolean().default(false) }),
      hosts: 'none',
      needsFleet: false,
      async run(ctx, { loud }) { ctx.print(loud ? 'HELLO' : 'hello') },
    })`

  test('is a command', async () => {
    const cwd = folder({ 'tasks/hello.ts': hello('say hello') })
    expect(await cli(['say', 'hello', '--loud'], { cwd })).toMatchObject({ stdout: 'HELLO\n', exitCode: 0 })
  })

  test('stands before the built-in one of its name, and says so', async () => {
    const cwd = folder({ 'tasks/hosts.ts': hello('hosts') })
    const { stdout, stderr } = await cli(['hosts'], { cwd })
    expect(stdout).toBe('hello\n')
    expect(stderr).toContain(`warning: ${cwd}/tasks/hosts.ts stands in for the built-in "hosts"`)
  })

  test('does not run when it does not compile', async () => {
    const cwd = folder({ 'tasks/hello.ts': hello('hello').replace('{ loud }', '{ lout }') })
    const { stderr, exitCode } = await cli(['hello'], { cwd })
    expect(stderr).toMatch(/tasks\/hello\.ts:10:24 Property 'lout' does not exist/)
    expect(exitCode).toBe(2)
  })
})
