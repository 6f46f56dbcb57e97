import { noConsole } from '../../support/console.ts'
import { testRecord } from '../../support/record.ts'
import { ConnectError } from '../../../lib/errors.ts'
import type { FleetEvent } from '../../../lib/events/event.ts'
import type { Fleet } from '../../../lib/fleet/model.ts'
import type { FleetHost } from '../../../lib/fleet/resolved.ts'
import { eachHost } from '../../../lib/task/each.ts'
import type { HostContext, TaskContext } from '../../../lib/task/context.ts'
import type { Transport } from '../../../lib/transport/transport.ts'
import { LocalTransport } from '../../support/local-transport.ts'

const refuse = () => Promise.reject(new Error('not in this test'))

const fleetHost = (name: string): FleetHost => ({
  name,
  role: 'sync',
  address: '192.0.2.1',
  firstUser: 'root',
  target: { name, address: '192.0.2.1', port: 22, user: 'deploy', hostKeys: [] },
})

/** A task's context over folders of this machine: each host has its own log folder, its own script and its own fate. */
export class LogContext implements TaskContext {
  readonly fleet: Fleet
  hosts: readonly FleetHost[]
  readonly allHosts: readonly FleetHost[]
  readonly provider: TaskContext['provider'] = {
    name: 'test',
    list: refuse,
    create: refuse,
    destroy: refuse,
  }
  readonly paths: TaskContext['paths']
  readonly record = testRecord()
  readonly wait = 0
  readonly pin = () => undefined
  readonly abandon = () => undefined
  planOnly = false
  stepsBegun = () => 0
  readonly concurrency = 8
  readonly timeout = 60_000
  readonly runId = 'test'
  readonly owner = 'me@here'
  readonly env = {}
  now = () => new Date()
  connectAs = refuse
  connectFresh = refuse
  readonly stop = new AbortController()
  readonly signal = this.stop.signal
  readonly events: FleetEvent[] = []
  readonly printed: string[] = []
  readonly notes: string[] = []
  readonly transports = new Map<string, LocalTransport>()
  /** Hosts that refuse (`down`) or never answer (`mute`). */
  readonly fates = new Map<string, 'down' | 'mute'>()

  constructor(root: string, names: readonly string[]) {
    this.allHosts = names.map(fleetHost)
    this.hosts = this.allHosts
    this.paths = { cwd: root, fleet: root, state: `${root}/state`, cache: `${root}/cache`, home: root }
    this.fleet = {
      name: 'test',
      provider: 'static',
      access: { user: 'deploy' },
      roles: { sync: {} },
      hosts: {},
      services: {},
      secrets: [],
      logs: { role: 'sync', directory: '/logs-of-the-host', format: 'tapiriik' },
    }
    for (const name of names) {
      const transport = new LocalTransport(name)
      transport.rewrite = script => script.replaceAll('/logs-of-the-host', `${root}/${name}`)
      this.transports.set(name, transport)
    }
  }

  emit = (event: FleetEvent): void => void this.events.push(event)
  phase(): void {}
  note = (text: string, host?: FleetHost): void =>
    void this.notes.push(host === undefined ? text : `${host.name}: ${text}`)
  warn = this.note
  print = (text: string): void => void this.printed.push(...text.split('\n'))

  on(host: FleetHost): HostContext {
    return { host, read: refuse, run: refuse, transport: () => this.#connect(host.name), touch: refuse }
  }

  #connect(name: string): Promise<Transport> {
    const fate = this.fates.get(name)
    if (fate === 'down') return Promise.reject(new ConnectError('connection refused', { host: name }))
    if (fate === 'mute') return new Promise(() => undefined)
    const transport = this.transports.get(name)
    return transport === undefined ? refuse() : Promise.resolve(transport)
  }

  each<T>(hosts: readonly FleetHost[], work: (host: FleetHost) => Promise<T>) {
    return eachHost(hosts, work, this)
  }

  apply = refuse
  console = noConsole
  secret = refuse
  confirm = refuse
}
