import { messageOf } from '../errors.ts'

/** Node's own words name what a file is called while it is written, which nobody has heard of. */
const PROBLEMS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['EISDIR', 'it is a folder'],
  ['ENOTDIR', 'part of its path is a file, not a folder'],
  ['EEXIST', 'a file of that name is in the way'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'its file system is read-only'],
  ['ENOSPC', 'the disk is full'],
])

/** Why a file of this machine could not be read or written, to stand after `cannot read <path>: `. */
export function fileProblem(error: unknown): string {
  const known = error instanceof Error ? PROBLEMS.get(Reflect.get(error, 'code')) : undefined
  return known ?? messageOf(error)
}
