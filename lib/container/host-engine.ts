import { ConfigError } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import { rawShell, sh, type Command } from '../shell/sh.ts'
import { SPOOL, type Spooled } from '../ship/spool.ts'

/** What a host's engine holds, as far as shipping needs to know. */
export interface HostEngine {
  readonly engine: EngineName
  readonly platform: string
  /** Free bytes where images are kept. */
  readonly free: number
  /** Free bytes where pieces wait; undefined where that is the same disk. */
  readonly freeSpool: number | undefined
  /**
   * What containerd has, by digest, where that is the store, as in newer Dockers: a layer that is left out must be there
   * byte for byte, since it is what the host would give on. Undefined with other stores, which need to know a layer only.
   */
  readonly blobs: ReadonlySet<string> | undefined
  /** Whether its image ids are digests of something else than the image's configuration. */
  readonly hasOwnIds: boolean
  /** Image ids by tag. */
  readonly tags: ReadonlyMap<string, string>
  /** The layers of each image by its id, from the lowest. */
  readonly images: ReadonlyMap<string, readonly string[]>
  /** What a ship that was cut off left, by digest. */
  readonly spooled: ReadonlyMap<string, Spooled>
}

/** How Docker names containerd's store. */
const CONTAINERD = 'io.containerd.snapshotter'

/** Where containerd keeps what it was given: one that Docker has started, and one that stands for itself. */
const CONTENT = 'io.containerd.content.v1.content/blobs/sha256'

const INFO: Readonly<Record<EngineName, string>> = {
  docker: `info=$(docker info --format 'platform {{.OSType}}/{{.Architecture}}
root {{.DockerRootDir}}
store {{json .DriverStatus}}')
case $info in *${CONTAINERD}*) for d in "$(echo "$info" | sed -n 's/^root //p')/containerd/daemon" /var/lib/containerd; do
  [ ! -d "$d/${CONTENT}" ] || ls "$d/${CONTENT}" | sed 's/^/blob sha256:/'; done ;; esac`,
  podman: `info=$(podman info --format 'platform {{.Host.OS}}/{{.Host.Arch}}
root {{.Store.GraphRoot}}')`,
}

/** Asks an engine for all of it in one execution; changes nothing. */
export const hostEngineCommand = (engine: EngineName, service: string): Command => sh`set -eu
${rawShell(INFO[engine])}
echo "$info"; root=$(echo "$info" | sed -n 's/^root //p')
spool=${`${SPOOL}/${service}`}; disk=$spool
while [ ! -d "$disk" ]; do disk=\${disk%/*}; disk=\${disk:-/}; done
free() { df -Pk "$1" | awk 'NR==2{print $4}'; }
echo "free $(free "$root")"
[ "$(stat -c %d "$root")" = "$(stat -c %d "$disk")" ] || echo "spool $(free "$disk")"
${engine} image ls --no-trunc --format 'tag {{.Repository}}:{{.Tag}} {{.ID}}'
ids=$(${engine} image ls --all --quiet --no-trunc | sort -u)
[ -z "$ids" ] || ${engine} image inspect --format 'image {{.Id}} {{json .RootFS.Layers}}' $ids
[ ! -d "$spool" ] || find "$spool" -maxdepth 1 -type f -size +0 ! -name lock -exec sh -c 'for f; do
  echo "piece \${f##*/} $(stat -c %s "$f") $(sha256sum <"$f" | cut -c1-64)"; done' sh {} +`

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm' }

/** An image's id as Docker writes it: Podman leaves the kind of digest out. */
export const imageId = (id: string): string => (/^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id)

/** Reads what the command printed. */
export function parseHostEngine(output: string, host: string, engine: EngineName = 'docker'): HostEngine {
  let platform = ''
  let free = -1
  let freeSpool: number | undefined
  let isContainerd = false
  const tags = new Map<string, string>()
  const images = new Map<string, readonly string[]>()
  const spooled = new Map<string, Spooled>()
  const blobs = new Set<string>()
  for (const line of output.split('\n')) {
    const [word, first = '', second = '', third = ''] = line.split(' ')
    if (word === 'platform') {
      const [system = '', architecture = ''] = first.split('/')
      platform = `${system}/${ARCHITECTURES[architecture] ?? architecture}`
    } else if (word === 'free') free = Number(first) * 1024
    else if (word === 'spool') freeSpool = Number(first) * 1024
    else if (word === 'store') isContainerd = line.includes(CONTAINERD)
    else if (word === 'blob') blobs.add(first)
    // Podman puts the name of a registry in front of an image that came from none.
    else if (word === 'tag')
      tags.set(first.replace(/^(localhost|docker\.io(\/library)?)\//, ''), imageId(second))
    else if (word === 'image') images.set(imageId(first), second.match(/sha256:[0-9a-f]{64}/g) ?? [])
    else if (word === 'piece') spooled.set(first, { bytes: Number(second), sha256: third })
  }
  if (platform === '' || !Number.isSafeInteger(free) || free < 0) {
    throw new ConfigError('the container engine gave no clear answer', { host, hint: 'fleet provision' })
  }
  return {
    engine,
    platform,
    free,
    freeSpool,
    blobs: isContainerd ? blobs : undefined,
    hasOwnIds: isContainerd,
    tags,
    images,
    spooled,
  }
}

/** The id by which a host knows an image that it has; undefined when it lacks it. */
export function knownAs(
  { tags, images, hasOwnIds }: HostEngine,
  { tag, id, layers }: { readonly tag: string; readonly id: string; readonly layers: readonly string[] },
): string | undefined {
  if (images.has(id)) return id
  const tagged = tags.get(tag)
  const same = tagged !== undefined && images.get(tagged)?.join() === layers.join()
  return hasOwnIds && same ? tagged : undefined
}
