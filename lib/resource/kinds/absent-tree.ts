import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { absolutePath } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import { observePaths, parsePaths } from '../paths.ts'
import type { Kind, Resource } from '../resource.ts'

export const absentTreeKind: Kind<string, PathSeen> = {
  name: 'absent tree',
  observe: paths => observePaths(paths, false),
  parse: (output, paths) => parsePaths(output, paths),
  diff: (_, seen) =>
    seen.type === 'absent' ? undefined : { action: 'remove', detail: `${seen.type} and all that is in it` },
  act: path => [
    {
      title: `remove ${path}`,
      script: `path=${quote(path)}
if [ -L "$path" ] || [ ! -d "$path" ]; then echo "$path is no directory" >&2; exit 1; fi
rm -rf --one-file-system -- "$path"`,
    },
  ],
}

/** No directory at this path, whatever is in it. Refuses the first level (`/etc`): no name that short is one's own. */
export function absentTree(path: string): Resource<string, PathSeen> {
  const wanted = absolutePath(path)
  if (wanted.split('/').length < 3) throw new ConfigError(`${wanted} is not removed: it is not one's own`)
  return { id: `directory ${wanted}`, kind: absentTreeKind, wanted, notify: [] }
}
