import { ConfigError, HealthError } from '../errors.ts'
import type { TaskContext } from '../task/context.ts'
import { pause, throwIfAborted } from './pause.ts'
import { serverName, WHOLE_HOST, type Admin, type Proxy, type ProxyServer } from '../proxy/proxy.ts'

export interface RotationLimits {
  /** How long the requests of a host that leaves are waited for. */
  readonly drainSeconds: number
  /** How long the proxies may take to find a host well that is to come back. */
  readonly healthSeconds: number
}

export const ROTATION_LIMITS: RotationLimits = { drainSeconds: 30, healthSeconds: 60 }

type RotationContext = Pick<TaskContext, 'note' | 'warn' | 'signal'>

/**
 * Whole hosts behind proxies: each leaves all of them before it is touched, and comes back when it is well. The last one
 * that serves waits for another to come back before it leaves, whatever the order of the roll-out.
 */
export class Rotation {
  readonly #ctx: RotationContext
  readonly #name: string
  readonly #proxies: readonly Proxy[]
  readonly #limits: RotationLimits
  /** Hosts that get requests, those that are away for their turn, and those that do not come back. */
  readonly #serving = new Set<string>()
  readonly #away = new Set<string>()
  readonly #lost = new Set<string>()
  #waiting: (() => void)[] = []

  constructor(
    ctx: RotationContext,
    name: string,
    proxies: readonly Proxy[],
    limits: RotationLimits = ROTATION_LIMITS,
  ) {
    this.#ctx = ctx
    this.#name = name
    this.#proxies = proxies
    this.#limits = limits
  }

  /** Reads who serves. Throws a ConfigError when a proxy does not know one of the hosts. */
  async open(hosts: readonly string[]): Promise<void> {
    const views = await Promise.all(
      this.#proxies.map(async proxy => ({ proxy, servers: await proxy.read() })),
    )
    const issues = views.flatMap(({ proxy, servers }) => {
      const missing = hosts.filter(host => servers.every(server => server.host !== host))
      return missing.length === 0 ? [] : [`${proxy.host} does not know ${missing.join(', ')}`]
    })
    if (issues.length > 0) {
      throw new ConfigError(`the proxy is not set up for ${this.#name}`, {
        issues,
        hint: `fleet deploy ${this.#name}`,
      })
    }
    const servers = views.flatMap(view => view.servers)
    for (const { host } of servers) if (servers.every(each => isWell(each, host))) this.#serving.add(host)
  }

  /** Takes hosts out that get no turn: those in quarantine. */
  async exclude(hosts: readonly string[]): Promise<void> {
    for (const host of hosts) this.#lose(host)
    await this.#tell(hosts, 'maint')
  }

  /**
   * Takes a host out, once another serves: no new requests, then none at all. Where no other ever served it stays in,
   * with a warning. Throws a HealthError when the others left and did not come back: it is the last that serves.
   */
  async leave(host: string): Promise<void> {
    while (this.#serving.has(host) && this.#serving.size === 1 && this.#away.size > 0) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
      throwIfAborted(this.#ctx.signal)
    }
    if (this.#serving.has(host) && this.#serving.size === 1) {
      if (this.#lost.size > 0) {
        throw new HealthError(`is the last host of ${this.#name} that serves: not touched`, {
          host,
          hint: 'fleet status',
        })
      }
      this.#ctx.warn(`${host} is the only host of ${this.#name} that serves: it stays in the load balancer`)
      return
    }
    this.#serving.delete(host)
    this.#away.add(host)
    await this.#tell([host], 'drain')
    const open = await this.#drained(host)
    if (open > 0) {
      this.#ctx.warn(
        `${host}: ${open} requests go on after ${this.#limits.drainSeconds} s: they may be cut off now`,
      )
    }
    await this.#tell([host], 'maint')
  }

  /** Sends a host requests again once every proxy has found it well anew. Throws a HealthError when one does not. */
  async comeBack(host: string): Promise<void> {
    if (!this.#serving.has(host)) {
      await this.#tell([host], 'drain')
      await this.#well(host)
      await this.#tell([host], 'ready')
      this.#ctx.note(`${host} takes requests of ${this.#name}`)
    }
    this.#serving.add(host)
    this.#away.delete(host)
    this.#lost.delete(host)
    this.#wake()
  }

  /** A host whose turn failed: it stays as it is, out of the proxies if it had left them. */
  fail(host: string): void {
    if (this.#away.has(host)) this.#lose(host)
  }

  #lose(host: string): void {
    this.#serving.delete(host)
    this.#away.delete(host)
    this.#lost.add(host)
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #tell(hosts: readonly string[], admin: Admin): Promise<void> {
    const changes = hosts.map(host => ({ server: serverName(host, WHOLE_HOST), admin }))
    if (changes.length > 0) await Promise.all(this.#proxies.map(proxy => proxy.set(changes)))
  }

  async #seen(host: string): Promise<readonly ProxyServer[]> {
    const views = await Promise.all(this.#proxies.map(proxy => proxy.read()))
    return views.flat().filter(server => server.host === host)
  }

  /** Requests that still go on when they have been waited for. */
  async #drained(host: string): Promise<number> {
    const until = performance.now() + this.#limits.drainSeconds * 1000
    for (;;) {
      const open = (await this.#seen(host)).reduce((sum, { sessions }) => sum + sessions, 0)
      const left = until - performance.now()
      if (open === 0 || left <= 0) return open
      await pause(Math.min(500, left), this.#ctx.signal)
    }
  }

  async #well(host: string): Promise<void> {
    const until = performance.now() + this.#limits.healthSeconds * 1000
    for (;;) {
      const ill = (await this.#seen(host)).filter(({ health }) => health !== 'up')
      if (ill.length === 0) return
      const left = until - performance.now()
      if (left <= 0) {
        await this.#tell([host], 'maint')
        const checks = [...new Set(ill.map(({ check }) => check || 'no answer'))].join(', ')
        throw new HealthError(
          `the proxies do not find ${this.#name} well after ${this.#limits.healthSeconds} s (${checks}): it gets no requests`,
          { host, hint: 'fleet status' },
        )
      }
      await pause(Math.min(500, left), this.#ctx.signal)
    }
  }
}

/** Whether a proxy's server is another host's, or this one takes requests there. */
const isWell = (server: ProxyServer, host: string): boolean =>
  server.host !== host || (server.admin === 'ready' && server.health !== 'down')
