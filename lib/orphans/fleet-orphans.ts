import type { FleetWanted } from '../plan/wanted.ts'
import { firstContact } from '../provision/first-contact.ts'
import type { TaskContext } from '../task/context.ts'
import { declaredOn, orphansOf, strayPorts } from './find.ts'
import type { HostOrphans } from './render.ts'
import { seenOn } from './seen.ts'

/** What is on the chosen hosts but not declared, in the order of the fleet: one execution a host. */
export async function fleetOrphans(
  ctx: TaskContext,
  wanted: FleetWanted,
): Promise<ReadonlyMap<string, HostOrphans>> {
  const found = await ctx.each(ctx.hosts, async host => {
    const seen = await seenOn(await firstContact(ctx, host), ctx)
    const declared = declaredOn(ctx.fleet, host, ctx.allHosts, wanted.of(host))
    return { orphans: orphansOf(seen, declared), ports: strayPorts(seen, declared) }
  })
  return new Map(
    ctx.hosts.flatMap(({ name }) => {
      const each = found.get(name)
      return each === undefined ? [] : [[name, each] as const]
    }),
  )
}
