import { messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { throwIfAborted } from '../rollout/pause.ts'

type MarkContext = Pick<TaskContext, 'each' | 'on' | 'signal'>

/** Hosts that have a mark. One that does not answer tells none: it must not keep the others from their release. */
async function holders(
  ctx: MarkContext,
  hosts: readonly FleetHost[],
  mark: string,
): Promise<readonly FleetHost[]> {
  const answers = await ctx.each(hosts, host =>
    ctx
      .on(host)
      .read(sh`[ -e ${mark} ]`, { root: true, anyExitCode: true })
      .then(
        ({ exitCode }) => exitCode === 0,
        () => false,
      ),
  )
  throwIfAborted(ctx.signal)
  return hosts.filter(({ name }) => answers.get(name) === true)
}

/**
 * The hosts that say that a service was migrated, by the mark that each keeps: one is enough, whichever it is. It may be
 * another than the one that migrates now, and one in quarantine; those, which may be dead, are asked only when the
 * others know nothing.
 */
export async function markedHosts(
  ctx: MarkContext,
  hosts: readonly FleetHost[],
  away: readonly FleetHost[],
  mark: string,
): Promise<readonly FleetHost[]> {
  const found = await holders(ctx, hosts, mark)
  return found.length > 0 || away.length === 0 ? found : holders(ctx, away, mark)
}

/** Writes the mark to the hosts that are not among the `marked` ones. One that cannot take it gets a warning: the others have it. */
export async function spreadMark(
  ctx: Pick<TaskContext, 'each' | 'on' | 'warn'>,
  hosts: readonly FleetHost[],
  marked: readonly FleetHost[],
  mark: string,
): Promise<void> {
  const unmarked = hosts.filter(host => !marked.includes(host))
  await ctx.each(unmarked, host =>
    ctx
      .on(host)
      .run(sh`touch ${mark}`, { root: true })
      .catch((error: unknown) => ctx.warn(`does not know of the migration: ${messageOf(error)}`, host)),
  )
}
