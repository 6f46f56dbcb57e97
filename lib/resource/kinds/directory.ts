import { quote } from '../../shell/quote.ts'
import { absolutePath, fileMode, userName } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import { observePaths, ownershipDiff, parsePaths } from '../paths.ts'
import type { Handler, Kind, Resource } from '../resource.ts'

export interface DirectoryOptions {
  readonly path: string
  /** 0o755 unless told. */
  readonly mode?: number
  /** root unless told. */
  readonly owner?: string
  /** The owner's name unless told. */
  readonly group?: string
  readonly notify?: readonly Handler[]
}

export interface DirectoryWanted {
  readonly path: string
  readonly mode: number
  readonly owner: string
  readonly group: string
}

const pathsOf = (wanted: readonly DirectoryWanted[]): string[] => wanted.map(({ path }) => path)

export const directoryKind: Kind<DirectoryWanted, PathSeen> = {
  name: 'directory',
  observe: wanted => observePaths(pathsOf(wanted), false),
  parse: (output, wanted) => parsePaths(output, pathsOf(wanted)),
  diff(wanted, seen) {
    if (seen.type === 'absent') return { action: 'create', detail: wanted.mode.toString(8).padStart(4, '0') }
    if (seen.type !== 'directory') return { action: 'change', detail: `${seen.type} -> directory` }
    const parts = ownershipDiff(wanted, seen)
    return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
  },
  act({ path, mode, owner, group }) {
    const script = `path=${quote(path)}
if [ -L "$path" ] || { [ -e "$path" ] && [ ! -d "$path" ]; }; then
  echo "$path is there and no directory: move it away" >&2; exit 1
fi
mkdir -p "\${path%/*}/"
[ -d "$path" ] || mkdir -m 0700 "$path"
chown ${owner}:${group} "$path"
chmod ${mode.toString(8).padStart(4, '0')} "$path"`
    return [{ title: `make directory ${path}`, script }]
  },
}

/** A directory with this mode and owner; what is in it stays as it is. Missing parents are made, for root, 0755. */
export function directory(options: DirectoryOptions): Resource<DirectoryWanted, PathSeen> {
  const owner = userName(options.owner ?? 'root')
  const wanted = {
    path: absolutePath(options.path),
    mode: fileMode(options.mode ?? 0o755),
    owner,
    group: userName(options.group ?? owner),
  }
  return { id: `directory ${wanted.path}`, kind: directoryKind, wanted, notify: options.notify ?? [] }
}
