import { z } from 'zod'
import { CommandError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import type { LocalTree } from './local-tree.ts'

/** What stands at one path of a host. */
export type RemoteEntry =
  | { readonly kind: 'absent' | 'folder' | 'link' | 'other' }
  | {
      readonly kind: 'file'
      /** Octal digits. */
      readonly mode: string
      readonly owner: string
      readonly group: string
      /** Undefined for a file of another size: it differs anyway. */
      readonly sha256: string | undefined
    }

/** A host as it is before anything is sent. */
export interface RemoteState {
  /** The folder that the target stands in. */
  readonly parent: RemoteEntry['kind']
  /** Bytes free where the target is; undefined where its folder is missing. */
  readonly free: number | undefined
  readonly target: RemoteEntry
  /** In the order of the tree's folders and files. */
  readonly folders: readonly RemoteEntry[]
  readonly files: readonly RemoteEntry[]
}

/** Where a file of the tree goes. */
export const placeOf = (target: string, path: string): string => (path === '' ? target : `${target}/${path}`)

/** The folder that holds a path. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

/** A script, for the stdin of `sh -s`, that prints one line for each path. */
export function observeScript(tree: LocalTree, target: string): string {
  return [
    'set -u; export LC_ALL=C',
    // Path, and for a file the size that a right one has.
    'look() {',
    '  if [ -L "$1" ]; then echo link',
    '  elif [ -d "$1" ]; then echo folder',
    '  elif [ ! -e "$1" ]; then echo absent',
    '  elif [ ! -f "$1" ]; then echo other',
    '  else',
    '    sum=-',
    '    if [ "$(stat -c %s -- "$1")" = "$2" ]; then sum=$(sha256sum <"$1") || sum=-; fi',
    '    echo "file $(stat -c \'%a %U %G\' -- "$1") ${sum%% *}"',
    '  fi',
    '}',
    `look ${quote(parentOf(target))} ''`,
    `df -Pk -- ${quote(parentOf(target))} 2>/dev/null | awk 'NR == 2 { kb = $4 } END { print "free " kb }'`,
    `look ${quote(target)} ${tree.isFolder ? "''" : String(tree.files[0]?.size ?? '')}`,
    ...tree.folders.map(path => `look ${quote(placeOf(target, path))} ''`),
    ...tree.files.map(({ path, size }) => `look ${quote(placeOf(target, path))} ${size}`),
    '',
  ].join('\n')
}

const kind = z.enum(['absent', 'folder', 'link', 'other'])

function parseEntry(line: string | undefined, host: string): RemoteEntry {
  const [, mode, owner, group, sum] = /^file (\d+) (\S+) (\S+) ([0-9a-f]{64}|-)$/.exec(line ?? '') ?? []
  if (mode !== undefined && owner !== undefined && group !== undefined) {
    return { kind: 'file', mode, owner, group, sha256: sum === '-' ? undefined : sum }
  }
  const parsed = kind.safeParse(line)
  if (parsed.success) return { kind: parsed.data }
  throw new CommandError(`did not say what it has, but ${JSON.stringify(line ?? '')}`, { host })
}

/** Reads what the script printed. Throws CommandError for anything else. */
export function parseState(output: string, tree: LocalTree, host: string): RemoteState {
  const [parent, free = '', target, ...lines] = output.trimEnd().split('\n')
  const [, kilobytes] = /^free (\d+)$/.exec(free) ?? []
  const entries = lines.map(line => parseEntry(line, host))
  const wanted = tree.folders.length + tree.files.length
  if (entries.length !== wanted) {
    throw new CommandError(`said what stands at ${entries.length} of ${wanted} paths`, { host })
  }
  return {
    parent: parseEntry(parent, host).kind,
    free: kilobytes === undefined ? undefined : Number(kilobytes) * 1024,
    target: parseEntry(target, host),
    folders: entries.slice(0, tree.folders.length),
    files: entries.slice(tree.folders.length),
  }
}
