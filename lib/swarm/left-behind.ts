import { containerName } from '../container/slot.ts'
import { sh } from '../shell/sh.ts'
import type { Slot } from '../swap/slot.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'

/**
 * Ends the containers that a slot had on its hosts before its service was placed on a swarm: they hold its port. The
 * proxies have let go of the slot by then. Changes nothing where there are none.
 */
export async function endLeftBehind(
  { ctx, target, limits }: Opened<ContainerTarget>,
  slot: Slot,
): Promise<void> {
  // Those of a swarm have longer names.
  const name = containerName(target.name, slot)
  const command = sh`docker container inspect ${name} >/dev/null 2>&1 || exit 0
docker stop --time ${limits.stopSeconds} ${name} >/dev/null && docker rm ${name}`
  await ctx.each(target.hosts, async host => {
    const timeout = (limits.stopSeconds + 60) * 1000
    const { stdout } = await ctx.on(host).run(command, { root: true, timeout })
    if (stdout.length > 0) ctx.note(`${name} of the time before the swarm is gone`, host)
  })
}
