import { LoginRefusedError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { TaskContext } from '../task/context.ts'
import type { Transport } from '../transport/transport.ts'

/**
 * A connection to a host that may be bare: as the fleet's user, or, where that login is refused, as the machine's
 * first user. A host that does not answer at all is not asked twice.
 */
export async function firstContact(ctx: TaskContext, host: FleetHost): Promise<Transport> {
  const { user } = host.target
  try {
    return await ctx.connectAs(host, user)
  } catch (error) {
    if (!(error instanceof LoginRefusedError) || host.firstUser === user) throw error
    return ctx.connectAs(host, host.firstUser)
  }
}
