import { createHash } from 'node:crypto'
import { quote } from '../../shell/quote.ts'
import { absolutePath } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import { observePaths, parsePaths } from '../paths.ts'
import type { Change, Handler, Kind, Resource } from '../resource.ts'

/**
 * A folder that is replaced as a whole. Its path is a link to one of the versions in `<path>.versions`, each named after
 * what it was made of: the link is set when the version is complete, so that no moment knows half of one. The one before
 * is kept for whatever still runs from it.
 */
export interface VersionedFolder {
  readonly path: string
  /** Names the version. */
  readonly id: string
}

/** A short name for whatever the parts describe. */
export const versionId = (...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const versionsOf = (path: string): string => `${path}.versions`
const linkOf = ({ path, id }: VersionedFolder): string => `${nameOf(path)}.versions/${id}`

const pathsOf = (wanted: readonly VersionedFolder[]): string[] =>
  wanted.flatMap(({ path, id }) => [path, `${versionsOf(path)}/${id}`])

/** What was seen of the link, and of the version that is wanted. */
export interface VersionedSeen {
  readonly link: PathSeen
  readonly version: PathSeen
}

/** Code that tells where each link leads, and whether the wanted version is there. */
export const observeVersions = (wanted: readonly VersionedFolder[]): string =>
  observePaths(pathsOf(wanted), false)

/** What that code printed, in the order of the items. */
export function parseVersions(output: string, wanted: readonly VersionedFolder[]): VersionedSeen[] {
  const seen = parsePaths(output, pathsOf(wanted))
  return wanted.map((_, index) => {
    const [link, version] = seen.slice(index * 2, index * 2 + 2)
    if (!link || !version) throw new RangeError('versioned folder: an item was not seen')
    return { link, version }
  })
}

/** Whether the link points at the wanted version, and that is there. */
export function versionDiff(wanted: VersionedFolder, { link, version }: VersionedSeen): Change | undefined {
  if (link.type === 'absent') return { action: 'create', detail: wanted.id }
  if (link.type === 'link' && link.target === linkOf(wanted) && version.type === 'directory') return undefined
  const from = link.type === 'link' ? nameOf(`/${link.target}`) : link.type
  return { action: 'change', detail: `${from} -> ${wanted.id}` }
}

/** Code that makes the version by `build`, which finds its folder, empty and for root alone, in `$new`. */
export const buildVersion = (wanted: VersionedFolder, build: string): string => `path=${quote(wanted.path)}
versions=${quote(versionsOf(wanted.path))}
new=$versions/${wanted.id}
if [ -e "$path" ] && [ ! -L "$path" ]; then echo "$path is there and was not made by fleet: move it away" >&2; exit 1; fi
mkdir -p "$versions"
chmod 0755 "$versions"
old=$(readlink -f "$path" || :)
if [ "$old" = "$(readlink -f "$new" || :)" ]; then rm -f "$path"; old=; fi
rm -rf "$new"
trap '[ $? -eq 0 ] || rm -rf "$new" "$versions/.link"' EXIT
trap 'exit 143' TERM INT
mkdir -m 0700 "$new"
${build}
chmod 0755 "$new"
ln -sfn ${quote(linkOf(wanted))} "$versions/.link"
mv -fT "$versions/.link" "$path"
find "$versions" -mindepth 1 -maxdepth 1 ! -path "$new" ! -path "\${old:-$new}" -exec rm -rf {} +`

export const absentVersionedKind: Kind<string, PathSeen> = {
  name: 'absent versioned folder',
  observe: paths =>
    observePaths(
      paths.flatMap(path => [path, versionsOf(path)]),
      false,
    ),
  parse(output, paths) {
    const seen = parsePaths(
      output,
      paths.flatMap(path => [path, versionsOf(path)]),
    )
    return paths.map((_, index) => {
      const [link, versions] = seen.slice(index * 2, index * 2 + 2)
      if (!link || !versions) throw new RangeError('versioned folder: an item was not seen')
      return link.type === 'absent' ? versions : link
    })
  },
  diff: (_, seen) => (seen.type === 'absent' ? undefined : { action: 'remove', detail: seen.type }),
  act: path => [
    {
      title: `remove ${path}`,
      script: `path=${quote(path)}
if [ -e "$path" ] && [ ! -L "$path" ]; then echo "$path was not made by fleet: left alone" >&2; exit 1; fi
rm -f "$path"
rm -rf ${quote(versionsOf(path))}`,
    },
  ],
}

/** The link and all its versions gone. */
export const absentVersioned = (
  id: string,
  path: string,
  notify: readonly Handler[] = [],
): Resource<string, PathSeen> => ({ id, kind: absentVersionedKind, wanted: absolutePath(path), notify })
