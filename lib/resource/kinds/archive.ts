import { createHash } from 'node:crypto'
import { ConfigError } from '../../errors.ts'
import { quote } from '../../shell/quote.ts'
import { absolutePath, allowed, userName, wholeNumber } from '../check.ts'
import type { PathSeen } from '../paths.ts'
import type { Handler, Kind, Resource } from '../resource.ts'
import type { VersionedFolder, VersionedSeen } from './versioned-folder.ts'
import {
  absentVersioned,
  buildVersion,
  observeVersions,
  parseVersions,
  versionDiff,
  versionId,
} from './versioned-folder.ts'

export interface ArchiveOptions {
  /** Becomes a link to the folder that holds what was unpacked. */
  readonly path: string
  /** A tar file, packed or not, as https URL which the host fetches with curl or wget, or as bytes from here. */
  readonly from: { readonly url: string } | { readonly content: Uint8Array }
  /** SHA-256 of the tar file, 64 hex digits. */
  readonly sha256: string
  /** Leading folders taken off each name. 0 unless told. */
  readonly strip?: number
  /** root unless told. */
  readonly owner?: string
  readonly group?: string
  readonly notify?: readonly Handler[]
}

export interface ArchiveWanted extends VersionedFolder {
  readonly url: string | undefined
  readonly content: Uint8Array | undefined
  readonly sha256: string
  readonly strip: number
  readonly owner: string
  readonly group: string
}

const fetchFrom = (url: string): string => `url=${quote(url)}
if command -v curl >/dev/null; then
  curl -fsSL --proto '=https' --proto-redir '=https' --retry 3 --max-time 1500 -o "$file" -- "$url"
elif command -v wget >/dev/null; then wget -q --https-only -T 60 -O "$file" -- "$url"
else echo "neither curl nor wget is installed: put packages(['curl']) before it" >&2; exit 1; fi`

/** GNU tar takes leading slashes off, refuses `..` and makes links that lead elsewhere last: nothing lands outside. */
const unpack = ({ url, sha256, strip, owner, group }: ArchiveWanted): string => `file=$versions/.archive
trap 'code=$?; rm -f "$file"; [ $code -eq 0 ] || rm -rf "$new" "$versions/.link"' EXIT
umask 077
${url === undefined ? 'cat >"$file"' : fetchFrom(url)}
umask 022
sum=$(sha256sum <"$file")
[ "\${sum%% *}" = ${sha256} ] || { echo "its checksum is \${sum%% *}, not ${sha256}: nothing was changed" >&2; exit 1; }
tar -xf "$file" -C "$new" --no-same-owner --no-same-permissions --strip-components=${strip}
odd=$(find "$new" ! -type f ! -type d ! -type l | head -n 1)
[ -z "$odd" ] || { echo "it holds a device or pipe: \${odd#"$new/"}" >&2; exit 1; }
[ -n "$(ls -A "$new")" ] || { echo 'nothing is left of it: strip fewer folders' >&2; exit 1; }
chown -hR ${owner}:${group} "$new"
sync -f "$new"`

export const archiveKind: Kind<ArchiveWanted, VersionedSeen> = {
  name: 'archive',
  observe: observeVersions,
  parse: parseVersions,
  diff: versionDiff,
  act(wanted) {
    const { path, content } = wanted
    const script = buildVersion(wanted, unpack(wanted))
    return [{ title: `unpack ${path}`, script, ...(content && { stdin: content }), timeout: 1800 }]
  },
}

/**
 * What a tar file holds, at a path that changes from one whole version to the next. Refused, with the old one in place,
 * when its checksum is another.
 */
export function archive(options: ArchiveOptions): Resource<ArchiveWanted, VersionedSeen> {
  const path = absolutePath(options.path)
  const sha256 = allowed('SHA-256', options.sha256.toLowerCase(), /^[0-9a-f]{64}$/)
  const { from } = options
  if ('content' in from && createHash('sha256').update(from.content).digest('hex') !== sha256) {
    throw new ConfigError(`archive ${path}: the content has another SHA-256 than ${sha256}`)
  }
  const strip = wholeNumber('strip', options.strip ?? 0, 0, 20)
  const owner = userName(options.owner ?? 'root')
  const group = userName(options.group ?? owner)
  const wanted = {
    path,
    id: versionId(sha256, strip, owner, group),
    url:
      'url' in from
        ? allowed('archive URL', from.url, /^https:\/\/[A-Za-z0-9][^\s@\0-\x1f\x7f]*$/)
        : undefined,
    content: 'content' in from ? from.content : undefined,
    sha256,
    strip,
    owner,
    group,
  }
  return { id: `archive ${path}`, kind: archiveKind, wanted, notify: options.notify ?? [] }
}

/** No such archive, in no version. */
export const absentArchive = (path: string): Resource<string, PathSeen> =>
  absentVersioned(`archive ${path}`, path)
