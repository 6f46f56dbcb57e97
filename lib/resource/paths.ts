import { quote } from '../shell/quote.ts'

/** What was seen at a path; links are not followed. */
export interface PathSeen {
  readonly type: 'absent' | 'file' | 'directory' | 'link' | 'other'
  readonly mode: number
  readonly owner: string
  readonly group: string
  /** Where a link points. */
  readonly target: string
  /** Of regular files, when it was asked for. */
  readonly sha256: string | undefined
}

const ABSENT: PathSeen = { type: 'absent', mode: 0, owner: '', group: '', target: '', sha256: undefined }
const TYPES: Record<string, PathSeen['type']> = { f: 'file', d: 'directory', l: 'link' }

const words = (paths: readonly string[]): string => paths.map(quote).join(' ')

/**
 * Shell code that prints type, mode, owner, group and link target of all paths by one `find`, and the hashes of those
 * that are regular files by one `sha256sum`. Fields end with NUL, which no path holds. A path that is not there is
 * left out; one that cannot be looked at fails the section.
 */
export function observePaths(paths: readonly string[], hashes: boolean): string {
  const hash = `
for path in ${words(paths)}; do
  if [ -f "$path" ] && [ ! -L "$path" ]; then printf '%s\\0' "$path"; fi
done | xargs -0r sha256sum -z --`
  return `
{ trouble=$(find ${words(paths)} -maxdepth 0 -printf '%p\\0%y %m %u %g\\0%l\\0' 2>&1 >&3); } 3>&1
if [ -n "$trouble" ]; then
  trouble=$(printf '%s\\n' "$trouble" | grep -v -e 'No such file or directory$' -e 'Not a directory$')
  [ -z "$trouble" ] || { printf '%s\\n' "$trouble" >&2; exit 1; }
fi
printf '\\0'${hashes ? hash : ''}`
}

/** Reads what `observePaths` printed: one answer for each path, in order. */
export function parsePaths(output: string, paths: readonly string[]): PathSeen[] {
  const fields = output.split('\0')
  const middle = fields.findIndex((field, index) => index % 3 === 0 && field === '')
  const hashes = new Map<string, string>()
  for (const line of fields.slice(middle + 1)) hashes.set(line.slice(66), line.slice(0, 64))
  const seen = new Map<string, PathSeen>()
  for (let at = 0; at < middle; at += 3) {
    const [path = '', facts = '', target = ''] = fields.slice(at, at + 3)
    const [type = '', mode = '0', owner = '', group = ''] = facts.split(' ')
    seen.set(path, {
      type: TYPES[type] ?? 'other',
      mode: Number.parseInt(mode, 8),
      owner,
      group,
      target,
      sha256: hashes.get(path),
    })
  }
  return paths.map(path => seen.get(path) ?? ABSENT)
}

/** What of mode, owner and group differs, for people. */
export function ownershipDiff(
  wanted: { readonly mode: number; readonly owner: string; readonly group: string },
  seen: PathSeen,
): string[] {
  const octal = (mode: number) => mode.toString(8).padStart(4, '0')
  return [
    ...(seen.mode === wanted.mode ? [] : [`${octal(seen.mode)} -> ${octal(wanted.mode)}`]),
    ...(seen.owner === wanted.owner ? [] : [`owner ${seen.owner} -> ${wanted.owner}`]),
    ...(seen.group === wanted.group ? [] : [`group ${seen.group} -> ${wanted.group}`]),
  ]
}
