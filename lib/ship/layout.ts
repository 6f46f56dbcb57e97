import { createHash } from 'node:crypto'

/** A layer as nobody has compressed it yet. */
export interface LayoutLayer {
  /** `sha256:...` of its bytes: what engines know it by, and its name in the layout. */
  readonly digest: string
  readonly bytes: number
}

export interface LayoutImage {
  readonly tag: string
  /** The image's configuration, byte for byte. */
  readonly config: Buffer
  /** All of them, from the lowest; those that a host has may be left out of what it is sent. */
  readonly layers: readonly LayoutLayer[]
}

export interface LayoutFile {
  readonly name: string
  readonly content: Buffer
}

/** Docker's own words, not OCI's: an image's HEALTHCHECK is known to these only. */
const TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar',
} as const

/** Where a layout has the bytes with a digest. */
export const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`

/**
 * All of an image but its layers, as an OCI image layout 1.0 that is a `docker save` file as well. Docker's own store
 * reads `manifest.json`, the others `index.json`. None of them opens a layer that it has, since a layer is named by the digest
 * of its plain bytes. The same image makes the same files, whoever saved it.
 */
export function layoutFiles({ tag, config, layers }: LayoutImage): readonly LayoutFile[] {
  const about = { digest: digestOf(config), size: config.length }
  const manifest = json({
    schemaVersion: 2,
    mediaType: TYPES.manifest,
    config: { mediaType: TYPES.config, ...about },
    layers: layers.map(({ digest, bytes }) => ({ mediaType: TYPES.layer, digest, size: bytes })),
  })
  const listed = { mediaType: TYPES.manifest, digest: digestOf(manifest), size: manifest.length }
  // containerd takes whole names only.
  const annotations = { 'io.containerd.image.name': `docker.io/${tag}` }
  return [
    { name: blobName(about.digest), content: config },
    { name: blobName(listed.digest), content: manifest },
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { name: 'index.json', content: json({ schemaVersion: 2, manifests: [{ ...listed, annotations }] }) },
    {
      name: 'manifest.json',
      content: json([
        {
          Config: blobName(about.digest),
          RepoTags: [tag],
          Layers: layers.map(({ digest }) => blobName(digest)),
        },
      ]),
    },
  ]
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
