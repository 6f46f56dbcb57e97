import type { Kind, Resource } from '../resource/resource.ts'
import { quote } from '../shell/quote.ts'

/** The code of one release, unpacked. */
export interface UnpackedRelease {
  readonly path: string
  /** A tar archive. */
  readonly archive: Uint8Array
  /** What the operator called it: a tag, a branch, a folder. */
  readonly label: string
}

/** Written last, so that a folder without it is half unpacked. */
const COMPLETE = '.fleetfile-release'

const unpackedReleaseKind: Kind<UnpackedRelease, boolean> = {
  name: 'release',
  observe: wanted =>
    wanted
      .map(({ path }) => `[ -e ${quote(`${path}/${COMPLETE}`)} ] && echo whole || echo missing`)
      .join('\n'),
  parse: output =>
    output
      .trimEnd()
      .split('\n')
      .map(line => line === 'whole'),
  diff: ({ label }, whole) => (whole ? undefined : { action: 'create', detail: label }),
  act: ({ path, archive, label }) => [
    {
      title: `unpack ${label} into ${path}`,
      script: [
        `new=${quote(`${path}.new`)}`,
        'rm -rf -- "$new"',
        // A full disk is not kept full by half a release.
        `trap 'rm -rf -- "$new"' EXIT`,
        'mkdir -m 0755 -- "$new"',
        'tar -x --no-same-owner --no-same-permissions -C "$new" -f -',
        `printf '%s\\n' ${quote(label)} > "$new/${COMPLETE}"`,
        'chmod -R u=rwX,go=rX -- "$new"',
        'sync -f -- "$new"',
        `rm -rf -- ${quote(path)}`,
        `mv -T -- "$new" ${quote(path)}`,
      ].join('\n'),
      stdin: archive,
    },
  ],
}

/** A release unpacked into a folder of its own, whole or not at all; an unpacked one is never touched again. */
export const unpackedRelease = (wanted: UnpackedRelease): Resource<UnpackedRelease, boolean> => ({
  id: `release ${wanted.path}`,
  kind: unpackedReleaseKind,
  wanted,
  notify: [],
})
