import { HostsFailedError, type HostFailure } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { isUnreachable } from '../rollout/in-batches.ts'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'

/**
 * The hosts of a pair that cannot be reached: one may be dead, that is what the other is for. Throws a HostsFailedError
 * where none answers, and for one that answers and refuses us.
 */
export async function silentHosts(
  ctx: Pick<TaskContext, 'each' | 'on'>,
  hosts: readonly FleetHost[],
): Promise<readonly HostFailure[]> {
  const answers = await ctx.each(hosts, host =>
    ctx
      .on(host)
      .read(sh`true`)
      .then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      ),
  )
  const failures = hosts.flatMap(({ name }): HostFailure[] => {
    const error = answers.get(name)
    return error === undefined ? [] : [{ host: name, error }]
  })
  if (failures.length === hosts.length || failures.some(({ error }) => !isUnreachable(error)))
    if (failures.length > 0) throw new HostsFailedError(failures, hosts.length)
  return failures
}
