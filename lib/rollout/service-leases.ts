import type { Service } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import type { Lease } from './lease.ts'

/** A lease for each service on every chosen host that runs it or stands in front of it. */
export const serviceLeases = (
  ctx: Pick<TaskContext, 'hosts'>,
  services: readonly (readonly [string, Service])[],
): readonly Lease[] =>
  services.flatMap(([name, service]) => {
    const roles = service.kind === 'container' ? [service.role, service.proxy.role] : [service.role]
    return ctx.hosts.filter(({ role }) => roles.includes(role)).map(host => ({ host, names: [name] }))
  })
