import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  AbortedError,
  CommandError,
  ConnectError,
  FleetError,
  HealthError,
  HostKeyError,
  LoginRefusedError,
} from '../../../lib/errors.ts'
import type { RolloutOrder } from '../../../lib/index.ts'
import { inBatches, type BatchPlan } from '../../../lib/rollout/in-batches.ts'
import { batches, neededHosts } from '../../../lib/rollout/order.ts'
import { eachHost } from '../../../lib/task/each.ts'
import { fleetHost } from '../../support/fleet-host.ts'

const hosts = ['a', 'b', 'c', 'd'].map(name => fleetHost(name, 'sync', '192.0.2.1'))

interface Options {
  readonly order?: RolloutOrder
  readonly errors?: Readonly<Record<string, Error>>
  readonly borne?: number
  readonly unreachable?: 'fail' | 'skip'
  /** Ctrl-C while this host is at work. */
  readonly interrupt?: string
  readonly migrator?: string
  /** Hosts that are looked at, and no more. */
  readonly observed?: readonly string[]
}

/** Rolls v2 out to four hosts; `seen` is what happened, in order. */
function rollOut({
  order = 'serial',
  errors = {},
  borne = 0,
  unreachable = 'fail',
  interrupt,
  migrator,
  observed = [],
}: Options) {
  const controller = new AbortController()
  const { signal } = controller
  const seen: string[] = []
  const steps = new Map<string, number>(hosts.map(({ name }) => [name, 3]))
  const plan: BatchPlan = {
    what: 'v2 (0123456789ab)',
    groups: batches(hosts, order),
    needed: neededHosts(hosts, order, migrator),
    borne,
    pauseSeconds: 0,
    unreachable,
    back: async waiting => `fleet deploy sync --release v1 # ${waiting.join(' ')}`,
  }
  const run = inBatches(
    {
      each: (some, work) => eachHost(some, work, { concurrency: 10, signal }),
      phase: title => void seen.push(title),
      signal,
      runId: 'run-1',
      stepsBegun: ({ name }) => steps.get(name) ?? 0,
    },
    plan,
    async ({ name }) => {
      seen.push(name)
      if (!observed.includes(name)) steps.set(name, 4)
      // By then the others of its batch have begun as well.
      await turn()
      if (name === interrupt) controller.abort(new AbortedError('stopped by SIGINT'))
      const error = errors[name]
      if (error !== undefined) throw error
      return name.toUpperCase()
    },
  )
  return { run, seen }
}

const failure = async (options: Options) => {
  const { run, seen } = rollOut(options)
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof FleetError)) throw new Error('it did not fail as it should')
  return { message: error.message, hint: error.hint, exitCode: error.exitCode, code: error.code, seen }
}

const broke = new CommandError('exit code 1')
const ill = new HealthError('not healthy')
const dead = new ConnectError('timed out')
const other = new HostKeyError('shows another key')

test('one batch after the other, all of them', async () => {
  const { run, seen } = rollOut({ order: { batch: 2 } })
  expect((await run).done).toEqual(
    new Map([
      ['a', 'A'],
      ['b', 'B'],
      ['c', 'C'],
      ['d', 'D'],
    ]),
  )
  expect(seen).toEqual(['batch 1 of 2: a, b', 'a', 'b', 'batch 2 of 2: c, d', 'c', 'd'])
})

test('all at once need no word about batches', async () => {
  const { run, seen } = rollOut({ order: 'all' })
  await run
  expect(seen).toEqual(['a', 'b', 'c', 'd'])
})

describe('too many failures', () => {
  test('a canary that is ill keeps all others as they are', async () => {
    expect(await failure({ order: { canary: 1 }, errors: { a: ill } })).toEqual({
      message:
        '1 of 4 hosts failed\n  a: not healthy\nv2 (0123456789ab) is on no host yet; failed: a; not begun: b, c, d',
      hint: 'fleet retry run-1; or go back: fleet deploy sync --release v1 # b c d',
      exitCode: 7,
      code: 'hosts-failed',
      seen: ['batch 1 of 2: a', 'a'],
    })
  })

  test('the rest of a batch is done before it ends', async () => {
    const { message, exitCode, seen } = await failure({ order: { batch: 3 }, errors: { b: broke } })
    expect(message).toContain('v2 (0123456789ab) is on a, c; failed: b; not begun: d')
    expect(exitCode).toBe(4)
    expect(seen).toEqual(['batch 1 of 2: a, b, c', 'a', 'b', 'c'])
  })

  test.each<[string, Options, string]>([
    ['more than may', { errors: { a: broke, c: broke }, borne: 1 }, 'is on b; failed: a, c; not begun: d'],
    [
      'a canary, whatever may',
      { order: { canary: 1 }, errors: { a: broke }, borne: 3 },
      'failed: a; not begun: b, c, d',
    ],
    ['the host that migrates', { errors: { a: broke }, borne: 3, migrator: 'a' }, 'not begun: b, c, d'],
    [
      'a canary that goes away',
      { order: { canary: 1 }, errors: { a: dead }, unreachable: 'skip' },
      'not reached: a; not begun: b, c, d',
    ],
    ['all of them', { errors: { a: broke, b: broke, c: broke, d: broke }, borne: 4 }, 'is on no host yet'],
    [
      'a login that is refused',
      { errors: { a: new LoginRefusedError('no') }, unreachable: 'skip' },
      'failed: a',
    ],
    [
      'another host key, whatever may and wherever it is skipped',
      { errors: { b: other }, borne: 3, unreachable: 'skip' },
      'is on a; failed: b; not begun: c, d',
    ],
    ['a host that is away', { errors: { b: dead } }, 'is on a; failed: b; not begun: c, d'],
  ])('%s', async (_, options, standing) => {
    expect((await failure(options)).message).toContain(standing)
  })

  test.each<[Error, number]>([
    [ill, 7],
    [broke, 4],
    [dead, 5],
    [other, 5],
  ])('%s exits with its code', async (error, exitCode) => {
    expect(await failure({ errors: { b: error } })).toMatchObject({ exitCode })
  })
})

test('as many as may fail are told, and the others get it', async () => {
  const { run } = rollOut({ errors: { b: broke }, borne: 1 })
  const { done, failed } = await run
  expect([...done.keys()]).toEqual(['a', 'c', 'd'])
  expect(failed).toEqual([{ host: 'b', error: broke }])
})

test('a host that goes away is no failure when it may be skipped', async () => {
  const { run } = rollOut({ order: 'all', errors: { c: dead }, unreachable: 'skip' })
  const { done, failed, away } = await run
  expect([...done.keys()]).toEqual(['a', 'b', 'd'])
  expect([failed, away]).toEqual([[], [{ host: 'c', error: dead }]])
})

describe('Ctrl-C', () => {
  test('between batches: what was begun is done, and it says where everything stands', async () => {
    expect(await failure({ interrupt: 'b' })).toMatchObject({
      message: 'stopped by SIGINT: v2 (0123456789ab) is on a, b; not begun: c, d',
      hint: 'fleet resume run-1',
      exitCode: 8,
    })
  })

  test('in the middle of a host', async () => {
    const { message } = await failure({ interrupt: 'b', errors: { b: new AbortedError('stopped') } })
    expect(message).toBe(
      'stopped by SIGINT: v2 (0123456789ab) is on a; in the middle of it: b; not begun: c, d',
    )
  })

  test('a host that was only looked at was not begun', async () => {
    const errors = { b: new AbortedError('stopped'), c: new AbortedError('stopped') }
    const { message } = await failure({ order: 'all', interrupt: 'b', errors, observed: ['c'] })
    expect(message).toBe(
      'stopped by SIGINT: v2 (0123456789ab) is on a, d; in the middle of it: b; not begun: c',
    )
  })
})
