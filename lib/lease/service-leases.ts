import type { Service } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import type { Lease } from './lease.ts'

/**
 * A lease for each service on every chosen host that runs it or stands in front of it. Whole hosts leave their proxies
 * for their turn, so those are held even where they were not chosen.
 */
export const serviceLeases = (
  { hosts, allHosts }: Pick<TaskContext, 'hosts' | 'allHosts'>,
  services: readonly (readonly [string, Service])[],
): readonly Lease[] =>
  services.flatMap(([name, { kind, role, proxy }]) => {
    const inFront = (kind === 'processes' ? allHosts : hosts).filter(host => host.role === proxy?.role)
    const own = hosts.filter(host => host.role === role)
    return [...new Set([...own, ...inFront])].map(host => ({ host, names: [name] }))
  })
