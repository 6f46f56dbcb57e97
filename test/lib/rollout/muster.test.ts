import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  CommandError,
  ConnectError,
  FleetError,
  HostKeyError,
  LoginRefusedError,
} from '../../../lib/errors.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import type { Service } from '../../../lib/fleet/model.ts'
import { validateFleet } from '../../../lib/fleet/validate.ts'
import { muster, type Muster } from '../../../lib/rollout/muster.ts'
import { parseQuarantines, withEntries } from '../../../lib/rollout/quarantine.ts'
import { strategyOf } from '../../../lib/rollout/strategy.ts'
import { defineTask } from '../../../lib/task/define.ts'
import { runTask } from '../../../lib/task/run.ts'
import {
  recordingConnect,
  recordingTransport,
  type RecordingTransport,
} from '../../../lib/transport/recording.ts'
import { testEnvironment } from '../../support/environment.ts'

const web = (unreachable: 'fail' | 'skip'): Service => ({
  kind: 'container',
  role: 'web',
  port: 80,
  slots: { blue: 8001, green: 8002 },
  health: '/up',
  proxy: { role: 'lb', names: ['shop.test'] },
  rollout: { unreachable },
})

const shop = validateFleet(
  {
    name: 'shop',
    provider: 'static',
    access: { user: 'root' },
    roles: { lb: {}, web: {}, db: {} },
    hosts: Object.fromEntries(
      ['lb1', 'web1', 'web2', 'web3', 'db1'].map((name, index) => [
        name,
        { role: name.slice(0, -1), address: `203.0.113.${index + 1}` },
      ]),
    ),
    services: { web: web('skip') },
    secrets: [],
  },
  'shop.ts',
)

const gone = new ConnectError('timed out')
const other = new HostKeyError('shows the host key SHA256:a, but SHA256:b is pinned')
const known = withEntries('web', undefined, [
  {
    host: 'web3',
    since: '2026-11-22T10:00:00.000Z',
    run: 'run-0',
    owner: 'ann@laptop',
    reason: 'timed out',
    release: '0123456789ab',
    label: 'v1',
  },
])

/** The same hosts as a pair: the third is in another role then. */
const pair: Service = {
  kind: 'processes',
  role: 'web',
  proxy: { role: 'lb', names: ['shop.test'], port: 8000, health: '/up' },
  pair: { blue: 'web1', green: 'web2' },
}

interface Scene {
  readonly service?: Service
  readonly unreachable?: 'fail' | 'skip'
  readonly broken?: Readonly<Record<string, Error>>
  /** What lb1 and web1 know already. */
  readonly record?: typeof known
  readonly on?: readonly string[]
  readonly planOnly?: boolean
}

async function scene({
  unreachable = 'skip',
  service = web(unreachable),
  broken = {},
  record,
  on = [],
  planOnly = false,
}: Scene) {
  const events: FleetEvent[] = []
  const hosts: Record<string, RecordingTransport | Error> = {}
  const written = new Map<string, unknown>()
  for (const host of ['lb1', 'web1', 'web2', 'web3']) {
    const knows = record !== undefined && ['lb1', 'web1'].includes(host)
    hosts[host] =
      broken[host] ??
      recordingTransport({
        host,
        unordered: true,
        expect: [
          { command: /^cat .*quarantine\/web\.json 2>/, stdout: knows ? `${JSON.stringify(record)}\n` : '' },
          // The line in the audit log.
          { command: 'perl', times: 'any', stdout: 'noted' },
          {
            command: /mv .*quarantine\/web\.json$/,
            times: 'any',
            reply: ({ stdin }) => {
              written.set(
                host,
                parseQuarantines(stdin.toString())[0]?.hosts.map(each => each.host),
              )
              return {}
            },
          },
        ],
      })
  }
  let found: Muster | undefined
  const task = defineTask({
    name: 'try',
    summary: 'Try',
    params: z.strictObject({}),
    hosts: 'all',
    run: async ctx => {
      const release = { id: 'ba9876543210', label: 'v2' }
      found = await muster(ctx, [{ name: 'web', service, strategy: strategyOf(service), release }])
      await found.write()
    },
  })
  const environment = testEnvironment(shop, { emit: event => void events.push(event), on, planOnly })
  const error: unknown = await runTask(task, {}, environment, recordingConnect(hosts)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return {
    hosts: found?.hosts.map(({ name }) => name),
    away: found === undefined ? undefined : [...found.away('web')],
    leftOut: [...(found?.leftOut('web') ?? [])],
    fresh: found?.fresh,
    written: Object.fromEntries(written),
    warnings: events.flatMap(event =>
      event.type === 'warning' ? [`${event.host ?? ''}: ${event.text}`] : [],
    ),
    error: error instanceof FleetError ? { message: error.message, exitCode: error.exitCode } : error,
  }
}

test('one host of a pair may be dead: it is left out, and no quarantine is written', async () => {
  expect(await scene({ service: pair, broken: { web2: gone } })).toMatchObject({
    hosts: ['lb1', 'web1', 'web3', 'db1'],
    away: [],
    leftOut: ['web2'],
    fresh: [],
    written: {},
    warnings: [': timed out'],
    error: undefined,
  })
  expect(await scene({ service: pair, broken: { lb1: gone } })).toMatchObject({ error: { exitCode: 5 } })
})

test('when all are there, all take part and nothing is written', async () => {
  expect(await scene({})).toEqual({
    hosts: ['lb1', 'web1', 'web2', 'web3', 'db1'],
    away: [],
    leftOut: [],
    fresh: [],
    written: {},
    warnings: [],
    error: undefined,
  })
})

test('a host that cannot be reached is put into quarantine, and the others are told', async () => {
  expect(await scene({ broken: { web2: gone } })).toEqual({
    hosts: ['lb1', 'web1', 'web3', 'db1'],
    away: ['web2'],
    leftOut: ['web2'],
    fresh: ['web2'],
    written: { lb1: ['web2'], web1: ['web2'], web3: ['web2'] },
    warnings: ['web2: timed out; put into quarantine for web, when it is back: fleet catch-up web2'],
    error: undefined,
  })
})

test('a known one is passed over, whether it answers or not, and not waited for', async () => {
  const text =
    'web3: in quarantine for web since 2026-11-22T10:00:00.000Z (run run-0): left out; fleet catch-up web3'
  for (const broken of [{}, { web3: gone }]) {
    const { hosts, away, fresh, written, warnings } = await scene({ record: known, broken })
    expect({ hosts, away, fresh, written, warnings }).toEqual({
      hosts: ['lb1', 'web1', 'web2', 'db1'],
      away: ['web3'],
      fresh: [],
      written: {},
      warnings: [text],
    })
  }
})

test('a second one joins it', async () => {
  const { away, written } = await scene({ record: known, broken: { web2: gone } })
  expect(away).toEqual(['web3', 'web2'])
  expect(written).toMatchObject({ lb1: ['web3', 'web2'], web1: ['web3', 'web2'] })
})

test('a plan only tells', async () => {
  const { away, written, warnings } = await scene({ broken: { web2: gone }, planOnly: true })
  expect(away).toEqual(['web2'])
  expect(written).toEqual({})
  expect(warnings[0]).toContain('would be put into quarantine')
})

test('a plan leaves nobody out who shows another host key', async () => {
  const { away, warnings } = await scene({ broken: { web2: other }, planOnly: true })
  expect([away, warnings]).toEqual([[], []])
})

describe('before anything changes', () => {
  test.each<[string, Scene, number, string]>([
    [
      'a host that must be there',
      { unreachable: 'fail', broken: { web2: gone } },
      5,
      'web2: timed out\nnothing was changed',
    ],
    ['a proxy, always', { broken: { lb1: gone } }, 5, 'lb1: timed out'],
    ['all of them', { broken: { web1: gone, web2: gone, web3: gone } }, 5, '3 of 4 hosts failed'],
    ['one that shows another host key', { broken: { web2: other } }, 5, `web2: ${other.message}`],
    [
      'another host key beside a host that is away and one that is broken',
      { broken: { web1: new CommandError('broken'), web2: other, web3: gone } },
      5,
      `web2: ${other.message}`,
    ],
    ['another host key of one in quarantine', { record: known, broken: { web3: other } }, 5, other.message],
    ['one that refuses the login', { broken: { web2: new LoginRefusedError('no') } }, 5, 'web2: no'],
    [
      'nobody but those in quarantine',
      { record: known, on: ['lb1', 'web3'] },
      2,
      'web has no host that is not in quarantine: web3',
    ],
  ])('it ends for %s', async (_, given, exitCode, message) => {
    const { error, written } = await scene(given)
    expect(error).toMatchObject({ exitCode, message: expect.stringContaining(message) as unknown })
    expect(written).toEqual({})
  })
})
