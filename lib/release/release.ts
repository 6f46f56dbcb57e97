import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { listHint, type Release } from './release-model.ts'
import { folderRelease } from './release-folder.ts'
import { gitRelease, isRepository } from './release-git.ts'

export type { Release } from './release-model.ts'

export interface ReleaseOptions {
  readonly signal: AbortSignal
  /** Where refs that start with `.` begin: the operator's folder. */
  readonly cwd: string
}

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    found => found.isDirectory(),
    () => false,
  )

/** `/path`, `./path` and `../path` are folders, also where there is a git repository. */
export const isFolderRef = (ref: string): boolean => /^(\/|\.{1,2}(\/|$))/.test(ref)

/**
 * The release that `ref` names. `/path`, `./path` and `../path` are folders of the operator; anything else is a git
 * ref in `source`, or, where `source` is a plain folder, a folder in it. Nothing is written anywhere.
 */
export async function resolveRelease(
  source: string | undefined,
  ref: string,
  { signal, cwd }: ReleaseOptions,
): Promise<Release> {
  if (ref.startsWith('-') || ref === '' || /[\0-\x20\x7f]/.test(ref)) {
    throw new ConfigError(`${JSON.stringify(ref)} cannot be a release`, { hint: listHint(source, false) })
  }
  if (isFolderRef(ref)) {
    const path = resolve(cwd, ref)
    if (await isFolder(path)) return folderRelease(path, basename(path), signal)
    throw new ConfigError(`no folder ${path}`, { hint: `ls ${dirname(path)}` })
  }
  if (source === undefined) {
    throw new ConfigError(`the service has no source to look for ${ref} in`, {
      hint: 'give a folder (./path), or set `source` in the fleet file',
    })
  }
  if (!(await isFolder(source))) {
    throw new ConfigError(`no folder ${source}`, { hint: "correct the service's `source` in the fleet file" })
  }
  if (await isRepository(source, signal)) return gitRelease(source, ref, signal)
  const path = resolve(source, ref)
  if (!path.startsWith(`${resolve(source)}/`) || !(await isFolder(path))) {
    throw new ConfigError(`no release ${ref} in ${source}`, { hint: listHint(source, false) })
  }
  return folderRelease(path, basename(path), signal)
}
