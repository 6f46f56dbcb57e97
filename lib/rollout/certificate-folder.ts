import { join } from 'node:path'
import { labPlace } from '../providers/lab/place.ts'
import type { TaskContext } from '../task/context.ts'

/** Where the fleet's own authority and certificates are kept on the operator's machine. */
export const certificateFolder = (ctx: Pick<TaskContext, 'fleet' | 'paths' | 'env'>): string =>
  ctx.fleet.provider === 'lab'
    ? join(labPlace(ctx.fleet.name, ctx).directory, 'certificates')
    : join(ctx.paths.state, 'certificates', ctx.fleet.name)
