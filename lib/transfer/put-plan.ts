import prettyBytes from 'pretty-bytes'
import { CommandError } from '../errors.ts'
import type { LocalFile, LocalTree } from './local-tree.ts'
import { parentOf, placeOf, type RemoteEntry, type RemoteState } from './remote-state.ts'

export interface PutOptions {
  /** Octal digits: of every file, instead of the mode that it has there, or here. */
  readonly mode?: string
  readonly owner?: string
  readonly group?: string
}

/** A file that is sent, and what it becomes. */
export interface SentFile {
  readonly file: LocalFile
  readonly to: string
  /** Octal digits. */
  readonly mode: string
  /** `user:group` for chown; undefined for the login's own. */
  readonly owner: string | undefined
  readonly action: 'create' | 'change'
  readonly detail: string
}

/** What has to be done on one host; nothing when both are empty. */
export interface PutPlan {
  /** Folders to make, parents first. */
  readonly folders: readonly string[]
  readonly files: readonly SentFile[]
  readonly bytes: number
}

/** Room that is left on a disk in any case, in bytes. */
const RESERVE = 16 << 20

const clean = (mode: string): string => mode.replace(/^0+(?=.)/, '')

function planFile(
  file: LocalFile,
  to: string,
  there: RemoteEntry,
  options: PutOptions,
): SentFile | undefined {
  const before = there.kind === 'file' ? there : undefined
  const mode = options.mode ?? before?.mode ?? file.mode.toString(8)
  const owner = options.owner ?? before?.owner
  const group = options.group ?? before?.group
  const differences = [
    ...(before === undefined || before.sha256 === file.sha256 ? [] : ['content']),
    ...(before === undefined || clean(before.mode) === clean(mode) ? [] : [`mode ${before.mode} -> ${mode}`]),
    ...(before === undefined || before.owner === owner ? [] : [`owner ${before.owner} -> ${owner}`]),
    ...(before === undefined || group === undefined || before.group === group
      ? []
      : [`group ${before.group} -> ${group}`]),
  ]
  if (before !== undefined && differences.length === 0) return undefined
  return {
    file,
    to,
    mode,
    owner:
      owner === undefined && group === undefined
        ? undefined
        : `${owner ?? ''}${group === undefined ? '' : `:${group}`}`,
    action: before === undefined ? 'create' : 'change',
    detail: before === undefined ? prettyBytes(file.size) : differences.join(', '),
  }
}

const WORDS = {
  absent: 'is not there',
  folder: 'is a folder',
  link: 'is a symbolic link',
  other: 'is no file',
  file: 'is a file',
}

/** Compares what is wanted with what a host has. Throws CommandError for what cannot be replaced, and for a full disk. */
export function planPut(
  tree: LocalTree,
  target: string,
  state: RemoteState,
  options: PutOptions,
  host: string,
): PutPlan {
  const refuse = (path: string, kind: RemoteEntry['kind'], hint: string) => {
    throw new CommandError(`${path} ${WORDS[kind]}`, { host, hint })
  }
  if (state.parent !== 'folder') {
    refuse(parentOf(target), state.parent, `fleet exec --on ${host} -- mkdir -p ${parentOf(target)}`)
  }
  const wanted = tree.isFolder ? 'folder' : 'file'
  if (state.target.kind !== 'absent' && state.target.kind !== wanted) {
    const hint = state.target.kind === 'folder' ? `to put it in there: ${target}/` : 'name what it stands for'
    refuse(target, state.target.kind, hint)
  }
  const folders = tree.folders.flatMap((path, index) => {
    const kind = state.folders[index]?.kind ?? 'absent'
    if (kind !== 'absent' && kind !== 'folder') refuse(placeOf(target, path), kind, 'remove it first')
    return kind === 'absent' ? [placeOf(target, path)] : []
  })
  const files = tree.files.flatMap((file, index) => {
    const there = state.files[index] ?? { kind: 'absent' }
    const to = placeOf(target, file.path)
    if (there.kind !== 'absent' && there.kind !== 'file') refuse(to, there.kind, 'remove it first')
    return planFile(file, to, there, options) ?? []
  })
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0)
  if (files.length > 0 && state.free !== undefined && state.free < bytes + RESERVE) {
    throw new CommandError(
      `${parentOf(target)} has ${prettyBytes(state.free)} free, and ${prettyBytes(bytes)} would be put there`,
      { host, hint: `fleet exec --on ${host} -- df -h ${parentOf(target)}` },
    )
  }
  const isNew = tree.isFolder && state.target.kind === 'absent'
  return { folders: isNew ? [target, ...folders] : folders, files, bytes }
}
