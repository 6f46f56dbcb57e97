import { ConfigError } from '../errors.ts'
import { rawShell, type Command } from '../shell/sh.ts'

/** What a host's engine holds, as far as shipping needs to know. */
export interface HostEngine {
  readonly platform: string
  /** Free bytes where images are kept. */
  readonly free: number
  /** Image ids by tag. */
  readonly tags: ReadonlyMap<string, string>
  readonly images: ReadonlySet<string>
  /** The layers of each image, from the lowest. */
  readonly chains: readonly (readonly string[])[]
}

/** Asks an engine for all of it in one execution; changes nothing. */
export const HOST_ENGINE: Command = rawShell(`set -eu
docker info --format 'root {{.DockerRootDir}}
platform {{.OSType}}/{{.Architecture}}'
echo "free $(df -Pk "$(docker info --format '{{.DockerRootDir}}')" | awk 'NR==2{print $4}')"
docker image ls --no-trunc --format 'tag {{.Repository}}:{{.Tag}} {{.ID}}'
ids=$(docker image ls --all --quiet --no-trunc | sort -u)
[ -z "$ids" ] || docker image inspect --format 'image {{.Id}} {{json .RootFS.Layers}}' $ids`)

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm' }

/** Reads what HOST_ENGINE printed. */
export function parseHostEngine(output: string, host: string): HostEngine {
  let platform = ''
  let free = -1
  const tags = new Map<string, string>()
  const images = new Set<string>()
  const chains: string[][] = []
  for (const line of output.split('\n')) {
    const [word, first = '', second = ''] = line.split(' ')
    if (word === 'platform') {
      const [system = '', architecture = ''] = first.split('/')
      platform = `${system}/${ARCHITECTURES[architecture] ?? architecture}`
    } else if (word === 'free') free = Number(first) * 1024
    else if (word === 'tag') tags.set(first, second)
    else if (word === 'image') {
      images.add(first)
      chains.push(second.match(/sha256:[0-9a-f]{64}/g) ?? [])
    }
  }
  if (platform === '' || !Number.isSafeInteger(free) || free < 0) {
    throw new ConfigError('the container engine gave no clear answer', { host, hint: 'fleet provision' })
  }
  return { platform, free, tags, images, chains }
}
