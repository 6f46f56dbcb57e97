import { quote } from '../../shell/quote.ts'
import { absolutePath } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import { observePaths, parsePaths } from '../paths.ts'
import type { Handler, Kind, Resource } from '../resource.ts'

export interface AbsentFileOptions {
  readonly notify?: readonly Handler[]
}

export const absentFileKind: Kind<string, PathSeen> = {
  name: 'absent file',
  observe: paths => observePaths(paths, false),
  parse: (output, paths) => parsePaths(output, paths),
  diff: (_, seen) => (seen.type === 'absent' ? undefined : { action: 'remove', detail: seen.type }),
  act: path => [{ title: `remove ${path}`, script: `rm -f ${quote(path)}` }],
  afterInstall: () => ({ action: 'remove', detail: 'should a package bring it' }),
}

/** No file or link at this path. A directory is never removed: then the step fails. */
export function absentFile(path: string, options: AbsentFileOptions = {}): Resource<string, PathSeen> {
  const wanted = absolutePath(path)
  return { id: `file ${wanted}`, kind: absentFileKind, wanted, notify: options.notify ?? [] }
}
