import type { ProcessService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { applyResources } from '../resource/apply.ts'
import type { Resource } from '../resource/resource.ts'
import type { TaskContext } from '../task/context.ts'
import { frontOf } from '../proxy/front.ts'
import { Rotation } from './rotation.ts'

/** A host's turn in a roll-out. */
export interface ProcessTurns {
  /** Does `work` on a host, which is out of the load balancer meanwhile if anything of `wanted` has to change. */
  take<T>(host: FleetHost, wanted: readonly Resource[], work: () => Promise<T>): Promise<T>
  /** Takes hosts out of the load balancer that went away. */
  exclude(hosts: readonly string[]): Promise<void>
}

const UNPROXIED: ProcessTurns = {
  take: (_host, _wanted, work) => work(),
  exclude: () => Promise.resolve(),
}

/** The turns of a service's hosts: in front of those without a proxy nothing happens. `away` get no requests. */
export async function processTurns(
  ctx: TaskContext,
  name: string,
  service: Pick<ProcessService, 'proxy'>,
  hosts: readonly FleetHost[],
  away: ReadonlySet<string>,
): Promise<ProcessTurns> {
  if (service.proxy === undefined) return UNPROXIED
  const rotation = new Rotation(ctx, name, frontOf(ctx, name).proxies)
  await rotation.open(hosts.map(host => host.name))
  await rotation.exclude([...away])
  return {
    exclude: lost => rotation.exclude(lost),
    async take(host, wanted, work) {
      // A look of its own: a host on which nothing has to change stays where it is.
      const { changes } = await applyResources(await ctx.on(host).transport(), wanted, {
        ...ctx,
        mode: 'plan',
        root: true,
        emit: () => undefined,
      })
      try {
        if (changes.length > 0) await rotation.leave(host.name)
        const done = await work()
        await rotation.comeBack(host.name)
        return done
      } catch (error) {
        rotation.fail(host.name)
        throw error
      }
    },
  }
}
