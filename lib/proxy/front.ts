import { proxyOf } from './proxy-of.ts'
import { ConfigError, UsageError } from '../errors.ts'
import type { FrontDoor } from '../fleet/front-door-model.ts'
import type { Fleet } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { unknown } from '../suggest.ts'
import type { TaskContext } from '../task/context.ts'
import { evenStopped } from '../task/host-context.ts'
import type { Proxy } from './proxy.ts'

/** The proxies in front of a service. */
export interface Front {
  readonly name: string
  readonly door: FrontDoor
  readonly hosts: readonly FleetHost[]
  readonly proxies: readonly Proxy[]
  /** The same ones, which do what they are told also when the run was told to stop: for the way back. */
  readonly anyhow: readonly Proxy[]
}

/** The front of the service called `name`. Throws a UsageError for a service without one, a ConfigError for a role without hosts. */
export function frontOf(ctx: Pick<TaskContext, 'fleet' | 'allHosts' | 'on'>, name: string): Front {
  const proxied = proxiedNames(ctx.fleet)
  const door = ctx.fleet.services[name]?.proxy
  if (door === undefined) {
    const isThere = ctx.fleet.services[name] !== undefined
    throw new UsageError(
      isThere ? `no proxy stands in front of ${name}` : unknown('service', name, proxied),
      { hint: `services behind a proxy: ${proxied.join(', ') || 'none'}` },
    )
  }
  const hosts = ctx.allHosts.filter(({ role }) => role === door.role)
  if (hosts.length === 0) {
    throw new ConfigError(`no proxy stands in front of ${name}`, { hint: `fleet hosts --on ${door.role}` })
  }
  const on = hosts.map(host => ctx.on(host))
  const proxies = on.map(host => proxyOf(host, name, { proxy: door }))
  const anyhow = on.map(host => proxyOf(evenStopped(host), name, { proxy: door }))
  return { name, door, hosts, proxies, anyhow }
}

/** The names of all services behind proxies. */
export const proxiedNames = (fleet: Pick<Fleet, 'services'>): readonly string[] =>
  Object.entries(fleet.services).flatMap(([name, { proxy }]) => (proxy === undefined ? [] : [name]))
