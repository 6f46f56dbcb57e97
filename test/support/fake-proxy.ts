import type {
  Admin,
  AdminChange,
  Admission,
  AdmissionChange,
  NotedFlip,
  Proxy,
  ProxyServer,
} from '../../lib/proxy/proxy.ts'
import { AbortedError } from '../../lib/errors.ts'
import { serverName } from '../../lib/proxy/proxy.ts'
import type { Slot } from '../../lib/swap/slot.ts'

export const fakeServer = (
  host: string,
  slot: Slot,
  admin: Admin,
  rest: Partial<ProxyServer> = {},
): ProxyServer => ({
  name: serverName(host, slot),
  host,
  slot,
  admin,
  health: 'up',
  check: 'L7OK 200',
  sessions: 0,
  requests: 0,
  errors: 0,
  ...rest,
})

/** A proxy that does as it is told, or fails. */
export class FakeProxy implements Proxy {
  readonly host: string
  readonly told: (readonly AdminChange[])[] = []
  readonly admitted: AdmissionChange[] = []
  servers: ProxyServer[]
  broken = false
  /** The first time only. */
  brokenOnce = false
  /** Its run was asked to stop. */
  stopped = false
  now: Admission = { maintenance: false, heldMilliseconds: 0 }

  constructor(host: string, servers: ProxyServer[]) {
    this.host = host
    this.servers = servers
  }

  read() {
    return Promise.resolve(this.servers)
  }

  set(changes: readonly AdminChange[], noted?: NotedFlip) {
    if (this.stopped && noted !== undefined && noted.always !== true) {
      return Promise.reject(new AbortedError('asked to stop'))
    }
    this.told.push(changes)
    if (this.broken || this.brokenOnce) {
      this.brokenOnce = false
      return Promise.reject(new Error(`${this.host} is away`))
    }
    const wanted = new Map(changes.map(change => [change.server, change.admin]))
    this.servers = this.servers.map(item => ({ ...item, admin: wanted.get(item.name) ?? item.admin }))
    return Promise.resolve(1)
  }

  admission() {
    return Promise.resolve(this.now)
  }

  admit(change: AdmissionChange) {
    this.admitted.push(change)
    if (this.broken) return Promise.reject(new Error(`${this.host} is away`))
    const { maintenance = this.now.maintenance, holdSeconds } = change
    const heldMilliseconds = holdSeconds === undefined ? this.now.heldMilliseconds : holdSeconds * 1000
    const changed = maintenance !== this.now.maintenance || heldMilliseconds !== this.now.heldMilliseconds
    this.now = { maintenance, heldMilliseconds }
    return Promise.resolve(changed)
  }
}
