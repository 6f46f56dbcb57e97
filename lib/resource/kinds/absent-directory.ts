import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { absolutePath } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import { observePaths, parsePaths } from '../paths.ts'
import type { Handler, Kind, Resource } from '../resource.ts'

export interface AbsentDirectoryOptions {
  readonly path: string
  /** With all that is in it; without it, a directory that is not empty fails the step. */
  readonly recursive?: boolean
  readonly notify?: readonly Handler[]
}

export interface AbsentDirectoryWanted {
  readonly path: string
  readonly recursive: boolean
}

const pathsOf = (wanted: readonly AbsentDirectoryWanted[]): string[] => wanted.map(({ path }) => path)

/** What is mounted in it stays, and then so does the directory. */
const script = ({ path, recursive }: AbsentDirectoryWanted): string => `path=${quote(path)}
if [ -L "$path" ] || [ ! -d "$path" ]; then echo "$path is no directory: left alone" >&2; exit 1; fi
${recursive ? 'rm -rf --one-file-system "$path"' : 'rmdir "$path"'}`

export const absentDirectoryKind: Kind<AbsentDirectoryWanted, PathSeen> = {
  name: 'absent directory',
  observe: wanted => observePaths(pathsOf(wanted), false),
  parse: (output, wanted) => parsePaths(output, pathsOf(wanted)),
  diff({ recursive }, seen) {
    if (seen.type === 'absent') return undefined
    return { action: 'remove', detail: recursive ? `${seen.type} and all in it` : seen.type }
  },
  act: wanted => [{ title: `remove directory ${wanted.path}`, script: script(wanted) }],
}

/** No directory at this path: a git checkout, for example. One right under `/` is never removed with what is in it. */
export function absentDirectory(options: AbsentDirectoryOptions): Resource<AbsentDirectoryWanted, PathSeen> {
  const path = absolutePath(options.path)
  const recursive = options.recursive ?? false
  if (recursive && path.lastIndexOf('/') === 0) {
    throw new ConfigError(`directory ${path}: it is the system's, and not removed with what is in it`)
  }
  const wanted = { path, recursive }
  return { id: `directory ${path}`, kind: absentDirectoryKind, wanted, notify: options.notify ?? [] }
}
