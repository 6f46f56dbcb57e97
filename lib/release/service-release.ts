import { resolve } from 'node:path'
import { ConfigError, UsageError } from '../errors.ts'
import type { Service } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import { folderRelease } from './release-folder.ts'
import { gitTreeRelease, isRepository } from './release-git.ts'
import { imageRelease, isImageRef } from './release-image.ts'
import { refuseUncommitted } from './uncommitted.ts'
import { isFolderRef, resolveRelease, type Release } from './release.ts'

/** What becomes of changes that are not committed; `leave` looks at HEAD alone, for what only shows. */
export type Uncommitted = 'refuse' | 'take' | 'leave'

/** What a release is called that no commit holds. */
const UNCOMMITTED = 'uncommitted'

/**
 * The release that the operator names, or, when none is named, the service's source as it stands: HEAD of a
 * repository, which must hold all there is, the files of a folder. To `take` what is uncommitted makes it the working tree. It is noted in the run's record; a run that goes on brings the commit that it
 * brought before, wherever its label stands by now. Throws a UsageError when that can no longer be had.
 */
export async function serviceRelease(
  ctx: Pick<TaskContext, 'paths' | 'signal' | 'record' | 'pin'>,
  name: string,
  service: Service,
  ref: string | undefined,
  { uncommitted = 'refuse' }: { readonly uncommitted?: Uncommitted } = {},
): Promise<Release> {
  if (ref !== undefined && uncommitted === 'take') {
    throw new UsageError('--release and --uncommitted exclude each other', {
      hint: 'the working tree as it stands is no release that has a name',
    })
  }
  if (ref !== undefined && isImageRef(ref)) {
    if (service.kind !== 'container') {
      throw new ConfigError(`${name} does not run in containers: it cannot be released as an image`, {
        hint: 'fleet deploy --help',
      })
    }
    const release = imageRelease(ref)
    ctx.pin(`release ${name}`, release.id)
    return release
  }
  const source = service.source === undefined ? undefined : resolve(ctx.paths.fleet, service.source)
  const { signal } = ctx
  const isCommitted = source !== undefined && (await isRepository(source, signal))
  const label = ref ?? (isCommitted ? 'HEAD' : (source ?? 'HEAD'))
  const pinned = ctx.record.pins[`release ${name}`]
  if (uncommitted === 'take' && isCommitted) {
    const release = await folderRelease(source, UNCOMMITTED, signal)
    ctx.pin(`release ${name}`, release.id)
    return release
  }
  const before =
    pinned !== undefined && isCommitted && !isFolderRef(label)
      ? await gitTreeRelease(source, pinned, label, signal)
      : undefined
  // What nobody has committed is not in HEAD: who deploys it has forgotten it, or means it.
  if (before === undefined && ref === undefined && isCommitted && uncommitted === 'refuse')
    await refuseUncommitted(source, name, signal)
  const release = before ?? (await resolveRelease(source, label, { signal, cwd: ctx.paths.cwd }))
  ctx.pin(`release ${name}`, release.id)
  return release
}
