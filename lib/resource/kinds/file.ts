import { createHash } from 'node:crypto'
import type { Command } from '../../shell/sh.ts'
import { quote } from '../../shell/quote.ts'
import type { Secret } from '../../shell/secret.ts'
import { revealed } from '../../shell/secret.ts'
import { absolutePath, fileMode, userName } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import { observePaths, ownershipDiff, parsePaths } from '../paths.ts'
import type { Change, Handler, Kind, Resource, Step } from '../resource.ts'

export interface FileOptions {
  readonly path: string
  readonly content: string | Secret | Uint8Array
  /** 0o644 unless told. */
  readonly mode?: number
  /** root unless told. */
  readonly owner?: string
  /** The owner's name unless told. */
  readonly group?: string
  /** Says whether the new file is good, before it replaces the old one; "$1" is its path: sh`visudo -cf "$1"`. */
  readonly check?: Command
  /** Make missing directories on the way, for root, 0755. Without it a missing directory fails the step. */
  readonly parents?: boolean
  readonly notify?: readonly Handler[]
}

export interface FileWanted {
  readonly path: string
  readonly content: string | Secret | Uint8Array
  readonly mode: number
  readonly owner: string
  readonly group: string
  readonly check: string | undefined
  readonly parents: boolean
}

/** Validated, with what was left out filled in. */
export function fileWanted(options: FileOptions): FileWanted {
  const owner = userName(options.owner ?? 'root')
  return {
    path: absolutePath(options.path),
    content: options.content,
    mode: fileMode(options.mode ?? 0o644),
    owner,
    group: userName(options.group ?? owner),
    check: options.check?.text,
    parents: options.parents ?? false,
  }
}

const bytesOf = ({ content }: FileWanted): Uint8Array =>
  content instanceof Uint8Array ? content : Buffer.from(revealed(content))

const hashOf = (wanted: FileWanted): string => createHash('sha256').update(bytesOf(wanted)).digest('hex')

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

function diff(wanted: FileWanted, seen: PathSeen): Change | undefined {
  if (seen.type === 'absent') return { action: 'create', detail: `${bytesOf(wanted).length} bytes` }
  if (seen.type !== 'file') return { action: 'change', detail: `${seen.type} -> file` }
  const content = seen.sha256 === hashOf(wanted) ? [] : ['content']
  const parts = [...content, ...ownershipDiff(wanted, seen)]
  return parts.length > 0 ? { action: 'change', detail: parts.join(', ') } : undefined
}

/**
 * The new file is complete, checked and on the disk before it takes the old one's name; whatever fails before leaves
 * the old one as it was and nothing beside it. A link is replaced, not followed.
 */
export function writeFileStep(wanted: FileWanted): Step {
  const { path, mode, owner, group, parents, check, content } = wanted
  const step = { title: `write ${path}`, stdin: content }
  if (check === undefined) return { ...step, write: { path, mode, owner, group, parents } }
  return { ...step, script: writeChecked({ ...wanted, check }) }
}

/** The kernel names the new file, and `install` writes it, closed to all others until it is its owner's. */
const writeChecked = (wanted: FileWanted & { readonly check: string }): string => {
  const { path, mode, owner, group, check, parents } = wanted
  return `path=${quote(path)}
folder=\${path%/*}${parents ? '\nmkdir -p "$folder/"' : ''}
umask 077
[ -d "\${folder:-/}" ] || { echo "no directory $folder" >&2; exit 1; }
if [ -d "$path" ] && [ ! -L "$path" ]; then echo "$path is a directory" >&2; exit 1; fi
read -r id </proc/sys/kernel/random/uuid
new=$folder/.fleetfile.$id
trap 'rm -f "$new"' EXIT
trap 'exit 143' TERM INT
install -T -o ${owner} -g ${group} -m ${octal(mode)} /dev/stdin "$new"
( set -- "$new"
${check}
) </dev/null || { echo "the check refused it: the old $path stays" >&2; exit 1; }
sync -d "$new"
mv -fT "$new" "$path"
trap - EXIT`
}

function act(wanted: FileWanted, seen: PathSeen): Step[] {
  if (seen.type !== 'file' || seen.sha256 !== hashOf(wanted)) return [writeFileStep(wanted)]
  const { path, mode, owner, group } = wanted
  const script = `chown ${owner}:${group} ${quote(path)}\nchmod ${octal(mode)} ${quote(path)}`
  return [{ title: `set mode and owner of ${path}`, script }]
}

export const fileKind: Kind<FileWanted, PathSeen> = {
  name: 'file',
  observe: wanted =>
    observePaths(
      wanted.map(({ path }) => path),
      true,
    ),
  parse: (output, wanted) =>
    parsePaths(
      output,
      wanted.map(({ path }) => path),
    ),
  diff,
  act,
  body: ({ path, content }) => ({ path, content }),
  replaced: ({ sha256 }) => sha256,
}

/** A regular file with exactly this content, mode and owner. Its directory must be there. */
export function file(options: FileOptions): Resource<FileWanted, PathSeen> {
  const wanted = fileWanted(options)
  return { id: `file ${wanted.path}`, kind: fileKind, wanted, notify: options.notify ?? [] }
}
