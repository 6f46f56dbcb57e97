import { join } from 'node:path'
import { labPlace } from '../providers/lab/place.ts'
import type { TaskContext } from '../task/context.ts'

/** Where a lab's own authority and certificates are kept. */
export const certificateFolder = (ctx: Pick<TaskContext, 'fleet' | 'paths' | 'env'>): string =>
  join(labPlace(ctx.fleet.name, ctx).directory, 'certificates')
