import type { HostFailure } from '../errors.ts'
import type { TaskContext } from '../task/context.ts'
import type { Candidate } from './muster.ts'

/** Says which hosts failed where as many may. Gives their names: the run's result is a partial one. */
export function tellPartial(
  ctx: Pick<TaskContext, 'warn' | 'runId'>,
  { name, release }: Pick<Candidate, 'name' | 'release'>,
  failed: readonly HostFailure[],
): readonly string[] {
  const hosts = failed.map(({ host }) => host)
  for (const { host, error } of failed) {
    ctx.warn(error.message.startsWith(`${host}: `) ? error.message : `${host}: ${error.message}`)
  }
  if (hosts.length > 0) {
    ctx.warn(
      `${name} ${release.label} (${release.id}) is everywhere but on ${hosts.join(', ')}; to go on: fleet retry ${ctx.runId}`,
    )
  }
  return hosts
}
