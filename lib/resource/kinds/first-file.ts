import type { Resource } from '../resource.ts'
import { fileKind, fileWanted, type FileOptions, type FileWanted } from './file.ts'
import type { PathSeen } from '../paths.ts'

/** A file that begins with this content, and from then on is somebody else's: whatever it holds is as wanted. */
export function firstFile(options: FileOptions): Resource<FileWanted, PathSeen> {
  const wanted = fileWanted(options)
  return {
    id: `file ${wanted.path}`,
    kind: {
      ...fileKind,
      name: 'first file',
      diff: (file, seen) => (seen.type === 'file' ? undefined : fileKind.diff(file, seen)),
    },
    wanted,
    notify: options.notify ?? [],
  }
}
