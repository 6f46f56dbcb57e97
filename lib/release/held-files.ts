import { rawShell, sh, type Command } from '../shell/sh.ts'
import { SLOTS } from '../swap/slot.ts'
import type { Held } from './keep.ts'
import { parseManifest, serviceFolder } from './manifest.ts'

const home = (service: string): string => `/srv/${service}`

/**
 * Asks a host in one execution which unpacked releases of a service it holds, when each was brought there last, what is
 * used of them, and, where it is `measured`, how many bytes they take. The environment of the current release is
 * touched: its age is what tells the releases' order, also where an older one was brought back.
 */
export const heldFilesCommand = (service: string, measured: boolean): Command => sh`
home=${home(service)}; own=${serviceFolder(service)}
now=$(readlink "$home/current") && now=\${now##*/} && echo "used $now" && touch -c "$own/$now.env"
for f in "$home"/releases/*/.fleetfile-release; do
  [ -f "$f" ] || continue
  d=\${f%/.fleetfile-release}; id=\${d##*/}; [ ! -e "$own/$id.env" ] || f=$own/$id.env
  echo "release $id $(stat -c %Y "$f") $(${rawShell(measured ? 'du -s --block-size=1 "$d" | cut -f 1' : 'echo 0')})"
done
for slot in ${[...SLOTS]}; do
  [ ! -f "$own/$slot.json" ] || echo "slot $(base64 -w0 <"$own/$slot.json")"
done
:`

/** Reads what `heldFilesCommand` printed. A release is its own image, and has served: it goes live where it is unpacked. */
export function parseHeldFiles(output: string): Held {
  const lines = output.split('\n').map(line => line.split(' '))
  const editions = lines.flatMap(([word, id = '', since = '', bytes = '']) =>
    word === 'release' && /^[0-9a-f]{12}$/.test(id)
      ? [
          {
            edition: id,
            image: id,
            created: new Date(Number(since) * 1000).toISOString(),
            bytes: Number(bytes),
          },
        ]
      : [],
  )
  const used = lines.flatMap(([word, what = '']) => {
    if (word === 'used') return [what]
    return word === 'slot' ? (parseManifest(Buffer.from(what, 'base64').toString('utf8'))?.release ?? []) : []
  })
  return { editions, used: new Set(used), served: new Set(editions.map(({ edition }) => edition)) }
}

/** Lets releases go, with what was written for them. What became current meanwhile stays. */
export const letGoFilesCommand = (service: string, releases: readonly string[]): Command => sh`
home=${home(service)}; own=${serviceFolder(service)}
for id in ${[...releases]}; do
  d=$home/releases/$id
  [ "$(readlink "$home/current")" != "$d" ] || continue
  # Without this file what is left of it counts as half unpacked.
  rm -f -- "$d/.fleetfile-release"
  rm -rf -- "$d"
  rm -f -- "$own/$id.env" "$own/$id"-*.env "$own/$id"-*.json
done`
