import { resolve } from 'node:path'
import type { Service } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import { isRepository } from './release-git.ts'
import { resolveRelease, type Release } from './release.ts'

/**
 * The release that the operator names, or, when none is named, the service's source as it stands: HEAD of a
 * repository, the files of a folder.
 */
export async function serviceRelease(
  ctx: TaskContext,
  service: Service,
  ref: string | undefined,
): Promise<Release> {
  const source = service.source === undefined ? undefined : resolve(ctx.paths.fleet, service.source)
  const { signal } = ctx
  const isCommitted = source !== undefined && (await isRepository(source, signal))
  return resolveRelease(source, ref ?? (isCommitted ? 'HEAD' : (source ?? 'HEAD')), {
    signal,
    cwd: ctx.paths.cwd,
  })
}
