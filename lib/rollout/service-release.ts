import { resolve } from 'node:path'
import type { Service } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import { gitTreeRelease, isRepository } from './release-git.ts'
import { isFolderRef, resolveRelease, type Release } from './release.ts'

/**
 * The release that the operator names, or, when none is named, the service's source as it stands: HEAD of a
 * repository, the files of a folder. It is noted in the run's record; a run that goes on brings the commit that it
 * brought before, wherever its label stands by now. Throws a UsageError when that can no longer be had.
 */
export async function serviceRelease(
  ctx: Pick<TaskContext, 'paths' | 'signal' | 'record' | 'pin'>,
  name: string,
  service: Service,
  ref: string | undefined,
): Promise<Release> {
  const source = service.source === undefined ? undefined : resolve(ctx.paths.fleet, service.source)
  const { signal } = ctx
  const isCommitted = source !== undefined && (await isRepository(source, signal))
  const label = ref ?? (isCommitted ? 'HEAD' : (source ?? 'HEAD'))
  const pinned = ctx.record.pins[`release ${name}`]
  const before =
    pinned !== undefined && isCommitted && !isFolderRef(label)
      ? await gitTreeRelease(source, pinned, label, signal)
      : undefined
  const release = before ?? (await resolveRelease(source, label, { signal, cwd: ctx.paths.cwd }))
  ctx.pin(`release ${name}`, release.id)
  return release
}
