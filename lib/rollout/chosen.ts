import { UsageError } from '../errors.ts'
import type { Service } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'

/**
 * Whether the operator's `--on` leaves the service any host. Throws a UsageError for a part of the hosts of a container
 * service: its traffic is sent over on all of them at once.
 */
export function isChosen(
  { hosts, allHosts }: Pick<TaskContext, 'hosts' | 'allHosts'>,
  name: string,
  { kind, role }: Pick<Service, 'kind' | 'role'>,
): boolean {
  const all = allHosts.filter(host => host.role === role).map(host => host.name)
  const chosen = hosts.filter(host => host.role === role)
  if (kind === 'container' && chosen.length > 0 && chosen.length < all.length) {
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
  service: Pick<Service, 'kind' | 'role'>,
): void {
  if (isChosen(ctx, name, service)) return
  const all = ctx.allHosts.filter(({ role }) => role === service.role)
  throw new UsageError(`--on leaves no host of ${name}`, {
    hint: `${name} runs on: ${all.map(host => host.name).join(', ') || 'no host'}`,
  })
}
