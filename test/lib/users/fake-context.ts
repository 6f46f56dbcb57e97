import { noConsole } from '../../support/console.ts'
import { testRecord } from '../../support/record.ts'
import type { Duplex } from 'node:stream'
import type { FleetEvent } from '../../../lib/events/event.ts'
import { defineFleet } from '../../../lib/fleet/define.ts'
import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import { Secret } from '../../../lib/shell/secret.ts'
import type { Question, TaskContext } from '../../../lib/task/context.ts'
import type { ExecResult, Transport } from '../../../lib/transport/transport.ts'

export interface Fake {
  readonly ctx: TaskContext
  readonly printed: string[]
  readonly noted: string[]
  readonly warned: string[]
  readonly asked: Question[]
  readonly events: FleetEvent[]
  readonly forwards: string[]
  /** Hosts that hold a trace of the run. */
  readonly touched: string[]
}

export interface FakeOptions {
  readonly state: string
  readonly password: string
  dial(): Duplex
  /** What a host says to a command; throws for a host that cannot be reached. */
  answer?(host: string, command: string, stdin: string): string
  readonly planOnly?: boolean
  readonly runId?: string
  readonly signal?: AbortSignal
  onConfirm?(): Promise<void> | void
}

const fleet = defineFleet({
  name: 'test',
  access: { user: 'deploy' },
  roles: { sync: {}, database: {} },
  hosts: {
    sync1: { role: 'sync', address: '192.0.2.1' },
    sync2: { role: 'sync', address: '192.0.2.2' },
    db1: { role: 'database', address: '192.0.2.3' },
  },
  services: {},
  secrets: ['db'],
  users: { kind: 'postgres', host: 'db1', database: 'postgres', user: 'owner', password: 'db' },
})

const hosts: readonly FleetHost[] = Object.entries(fleet.hosts).map(([name, { role, address }]) => ({
  name,
  role,
  address: address ?? '',
  firstUser: 'root',
  target: { name, address: address ?? '', port: 22, user: 'deploy', hostKeys: [] },
}))

const refuse = (what: string) => () => Promise.reject(new Error(`users tasks do not ${what}`))

/** A task context over a real database and made-up hosts. */
export function fakeContext(options: FakeOptions): Fake {
  const fake = {
    printed: [] as string[],
    noted: [] as string[],
    warned: [] as string[],
    asked: [] as Question[],
    events: [] as FleetEvent[],
    forwards: [] as string[],
    touched: [] as string[],
  }
  const transport = (host: FleetHost): Transport => ({
    host: host.name,
    user: 'deploy',
    cost: { executions: 0, bytesSent: 0, bytesReceived: 0 },
    exec: refuse('execute past their context'),
    async forward(address, port) {
      fake.forwards.push(`${host.name}: ${address}:${port}`)
      const stream = options.dial()
      return stream
    },
    close: () => Promise.resolve(),
  })
  const ctx: TaskContext = {
    fleet,
    hosts,
    allHosts: hosts,
    provider: {
      name: 'none',
      list: () => Promise.resolve([]),
      create: refuse('create machines'),
      destroy: refuse('destroy machines'),
    },
    paths: {
      cwd: options.state,
      fleet: options.state,
      state: options.state,
      cache: options.state,
      home: options.state,
    },
    runId: options.runId ?? 'run',
    owner: 'test@here',
    record: testRecord(),
    wait: 0,
    abandon: () => undefined,
    pin: () => undefined,
    env: {},
    timeout: 10_000,
    now: () => new Date(),
    connectAs: () => Promise.reject(new Error('no host is connected to here')),
    connectFresh: () => Promise.reject(new Error('no host is connected to here')),
    planOnly: options.planOnly ?? false,
    stepsBegun: () => 0,
    concurrency: 10,
    signal: options.signal ?? new AbortController().signal,
    emit: event => void fake.events.push(event),
    phase: () => undefined,
    note: text => void fake.noted.push(text),
    warn: (text, host) => void fake.warned.push(host === undefined ? text : `${host.name}: ${text}`),
    print: text => void fake.printed.push(text),
    on: host => ({
      host,
      run: refuse('change hosts'),
      transport: () => Promise.resolve(transport(host)),
      touch: () => Promise.resolve(void fake.touched.push(host.name)),
      async read(command): Promise<ExecResult> {
        const answer = options.answer?.(host.name, command.text, String(command.stdin))
        if (answer === undefined) throw new Error('connection refused')
        return { exitCode: 0, stdout: Buffer.from(answer), stderr: Buffer.alloc(0) }
      },
    }),
    each: async (chosen, work) =>
      new Map(await Promise.all(chosen.map(async host => [host.name, await work(host)] as const))),
    apply: refuse('apply'),
    console: noConsole,
    secret: name => Promise.resolve(new Secret(name, options.password)),
    async confirm(question) {
      fake.asked.push(question)
      await options.onConfirm?.()
    },
  }
  return { ctx, ...fake }
}
