import { Readable } from 'node:stream'
import { ConfigError } from '../errors.ts'
import type { Release } from './release-model.ts'

/** What a release is called that is an image in a registry, and not files. */
const MARK = 'image:'

/** `host[:port]/path[:tag]@sha256:...`, as registries name images (distribution/reference, "Grammar"). */
const REFERENCE = /^(?!-)[\w.:/-]+@sha256:([0-9a-f]{64})$/

/** Whether a release is named as an image of a registry: `image:...`. */
export const isImageRef = (ref: string): boolean => ref.startsWith(MARK)

/**
 * The release that `image:<reference>` names. Hosts pull it by its digest: a tag may name another image by the time that
 * the next host asks. Throws ConfigError where there is no digest.
 */
export function imageRelease(ref: string): Release {
  const image = ref.slice(MARK.length)
  const digest = REFERENCE.exec(image)?.[1]
  if (digest === undefined) {
    throw new ConfigError(`${JSON.stringify(image)} names no image by its digest`, {
      hint: `give it as image:registry.example/app@sha256:..., as \`docker image inspect --format '{{index .RepoDigests 0}}' IMAGE\` prints it`,
    })
  }
  return { id: digest.slice(0, 12), label: image.replace(/@.*/, ''), image, archive: () => Readable.from([]) }
}
