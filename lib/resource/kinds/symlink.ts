import { quote } from '../../shell/quote.ts'
import { absolutePath, oneLine } from '../check.ts'
import { ConfigError } from '../../errors.ts'
import type { PathSeen } from '../paths.ts'
import { observePaths, parsePaths } from '../paths.ts'
import type { Handler, Kind, Resource } from '../resource.ts'

export interface SymlinkOptions {
  readonly path: string
  /** Where it points, as it is: absolute, or relative to the link's own directory. It need not be there. */
  readonly target: string
  readonly notify?: readonly Handler[]
}

export interface SymlinkWanted {
  readonly path: string
  readonly target: string
}

const pathsOf = (wanted: readonly SymlinkWanted[]): string[] => wanted.map(({ path }) => path)

export const symlinkKind: Kind<SymlinkWanted, PathSeen> = {
  name: 'symlink',
  observe: wanted => observePaths(pathsOf(wanted), false),
  parse: (output, wanted) => parsePaths(output, pathsOf(wanted)),
  diff({ target }, seen) {
    if (seen.type === 'absent') return { action: 'create', detail: `-> ${target}` }
    if (seen.type !== 'link') return { action: 'change', detail: `${seen.type} -> link to ${target}` }
    return seen.target === target ? undefined : { action: 'change', detail: `${seen.target} -> ${target}` }
  },
  act({ path, target }) {
    const script = `path=${quote(path)}
if [ -d "$path" ] && [ ! -L "$path" ]; then echo "$path is a directory" >&2; exit 1; fi
new=$(mktemp -u "\${path%/*}/.fleetfile.XXXXXX")
trap 'rm -f "$new"' EXIT
ln -sn -- ${quote(target)} "$new"
mv -fT "$new" "$path"`
    return [{ title: `link ${path} to ${target}`, script }]
  },
}

/** A symbolic link. A change is atomic: at no moment is there no link. A file in its place is replaced. */
export function symlink(options: SymlinkOptions): Resource<SymlinkWanted, PathSeen> {
  const path = absolutePath(options.path)
  const target = oneLine('link target', options.target)
  if (target === '') throw new ConfigError(`symlink ${path}: the target is empty`)
  return { id: `symlink ${path}`, kind: symlinkKind, wanted: { path, target }, notify: options.notify ?? [] }
}
