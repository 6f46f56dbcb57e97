import { UsageError } from '../errors.ts'
import type { ProcessService, Service } from '../fleet/model.ts'
import { hasSlots } from '../fleet/pair-model.ts'
import type { TaskContext } from '../task/context.ts'

type Chosen = Pick<Service, 'kind' | 'role'> & Pick<ProcessService, 'pair'>

/**
 * Whether the operator's `--on` leaves the service any host. Throws a UsageError for a part of the hosts of a service
 * with slots: its traffic is sent over on all of them at once.
 */
export function isChosen(
  { hosts, allHosts }: Pick<TaskContext, 'hosts' | 'allHosts'>,
  name: string,
  service: Chosen,
): boolean {
  const { role } = service
  const all = allHosts.filter(host => host.role === role).map(host => host.name)
  const chosen = hosts.filter(host => host.role === role)
  if (hasSlots(service) && chosen.length > 0 && chosen.length < all.length) {
    throw new UsageError(
      `--on leaves out hosts of ${name}, which is swapped on all at once: ${all.join(', ')}`,
      {
        hint: `--on ${role}`,
      },
    )
  }
  return chosen.length > 0
}

/** Throws a UsageError when `--on` leaves the service out. */
export function requireChosen(
  ctx: Pick<TaskContext, 'hosts' | 'allHosts'>,
  name: string,
  service: Chosen,
): void {
  if (isChosen(ctx, name, service)) return
  const all = ctx.allHosts.filter(({ role }) => role === service.role)
  throw new UsageError(`--on leaves no host of ${name}`, {
    hint: `${name} runs on: ${all.map(host => host.name).join(', ') || 'no host'}`,
  })
}
