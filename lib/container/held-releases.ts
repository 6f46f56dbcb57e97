import { parseManifest, editionOf, serviceFolder } from '../release/manifest.ts'
import { historyFile, parseEntry } from '../release/history-entry.ts'
import type { Held, HeldEdition } from '../release/keep.ts'
import { SLOTS } from '../swap/slot.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { containerName } from './slot.ts'

type NamedEdition = Pick<HeldEdition, 'edition' | 'image'>

/** Lines of the history that are read: years of releases. */
const LINES = 2000

/**
 * Asks a host in one execution which releases of a service it holds, which have served, what its slots use, and how big
 * its images are.
 */
export function heldCommand(service: string, engine: string): Command {
  const slots = SLOTS.map(
    slot =>
      sh`
f=${serviceFolder(service)}/${slot}.json; [ ! -f "$f" ] || echo "slot $(base64 -w0 <"$f")"
e container inspect --format 'used {{.Image}} {{index .Config.Labels "fleetfile.release"}}-{{index .Config.Labels "fleetfile.config"}}' ${containerName(service, slot)} 2>/dev/null || :`
        .text,
  ).join('')
  return sh`e() { ${engine} "$@"; }
for f in ${serviceFolder(service)}/*-*.json; do [ ! -f "$f" ] || echo "edition $(base64 -w0 <"$f")"; done${rawShell(slots)}
e system df -v --format '{{range .Images}}image {{.ID}} {{.UniqueSize}}{{println}}{{end}}'
tail -n ${LINES} ${historyFile(service)} 2>/dev/null | sed 's/^/act /' || :`
}

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 }

/** Bytes of a size as the engine prints it: `123.4MB`. */
export function sizeOf(text: string): number {
  const [, number = '0', unit = 'B'] = /^([\d.]+) ?([kMGT]?B)$/.exec(text) ?? []
  return Math.round(Number(number) * (UNITS[unit] ?? 1))
}

/** Reads what `heldCommand` printed. */
export function parseHeld(output: string): Held {
  const text = output.split('\n')
  const lines = text.map(line => line.split(' '))
  const rows = (word: string): string[][] =>
    lines.filter(([first]) => first === word).map(([, ...rest]) => rest)
  const manifests = (word: string) =>
    rows(word).flatMap(
      ([encoded = '']) => parseManifest(Buffer.from(encoded, 'base64').toString('utf8')) ?? [],
    )
  const sizes = new Map(
    rows('image').map(([id = '', size = '']) => [id.replace(/^sha256:/, ''), sizeOf(size)]),
  )
  const bytes = (image: string): number | undefined => {
    const digits = image.replace(/^sha256:/, '')
    // Some engines print the first digits of an id only.
    return sizes.get(digits) ?? sizes.get(digits.slice(0, 12))
  }
  return {
    editions: manifests('edition').map(manifest => ({
      edition: editionOf(manifest),
      image: manifest.image,
      created: manifest.created,
      bytes: bytes(manifest.image),
    })),
    used: new Set([
      ...rows('used').flat(),
      ...manifests('slot').flatMap(each => [editionOf(each), each.image]),
    ]),
    served: new Set(
      text.flatMap(line => {
        const { action, edition } = (line.startsWith('act ') && parseEntry(line.slice(4))) || {}
        return edition !== undefined && (action === 'deploy' || action === 'rollback') ? [edition] : []
      }),
    ),
  }
}

/**
 * Lets releases go: their images where there are any, then what was written for them. A swarm keeps containers that have
 * ended, which would hold their images. What something else holds stays with all that is known of it, to be let go
 * another time; the command fails then.
 */
export function letGoCommand(
  service: string,
  engine: string,
  { editions, images }: { readonly editions: readonly NamedEdition[]; readonly images: readonly string[] },
): Command {
  const remove = images.map(
    // All its names. Podman knows no ancestor by the kind of its digest.
    image =>
      sh`
if tags=$(${engine} image inspect --format '{{range .RepoTags}}{{println .}}{{end}}' ${image} 2>/dev/null); then
  ended=$(${engine} container ls --all --quiet --filter status=exited --filter status=created --filter ${`label=fleetfile.service=${service}`} --filter ${`ancestor=${image.replace(/^sha256:/, '')}`})
  [ -z "$ended" ] || ${engine} container rm $ended >/dev/null
  ${engine} image rm $tags $([ -n "$tags" ] || echo ${image}) >/dev/null || held="$held "${image}
fi`.text,
  )
  const forget = editions.map(({ edition, image }) => {
    const files = ['env', 'json', 'migrated', 'contracted'].map(
      suffix => `${serviceFolder(service)}/${edition}.${suffix}`,
    )
    return sh`
case $held in *${image}*) ;; *) rm -f ${files} ;; esac`.text
  })
  return sh`held=${rawShell([...remove, ...forget].join(''))}
[ -z "$held" ]`
}
