import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ImageRecipe } from '../fleet/container-model.ts'
import type { Secret } from '../shell/secret.ts'

/** What a slot was started from. Written once for each release and configuration, and never changed. */
export const manifestSchema = z.object({
  service: z.string(),
  /** The release's id. */
  release: z.string().regex(/^[0-9a-f]{12}$/),
  /** What the operator called the release. */
  label: z.string(),
  /** Hash of everything else that decides how the slot runs, the environment included. */
  config: z.string().regex(/^[0-9a-f]{8}$/),
  /** `sha256:...`: not a tag, which may move. */
  image: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** The port inside the container. */
  port: z.number().int(),
  /** Seconds that the program has to end its work when it is stopped. */
  stopSeconds: z.number().int(),
  created: z.string(),
  /** The path that answers 200 when it can take traffic; older manifests have none. */
  health: z.string().startsWith('/').exactOptional(),
  /** What is run in it when it is finished. */
  contract: z.array(z.string()).min(1).readonly().exactOptional(),
  /** Who made it: `user@machine`. */
  owner: z.string().exactOptional(),
  /** Why, in the operator's words. */
  message: z.string().exactOptional(),
  /** The run's id. */
  run: z.string().exactOptional(),
})

export type Manifest = z.output<typeof manifestSchema>

/**
 * Hash of how a release is configured. Not of the image: two operators' engines make different images of the same
 * release, which must still be known as the same.
 */
export const configHash = (
  { port, stopSeconds, health, contract }: Pick<Manifest, 'port' | 'stopSeconds' | 'health' | 'contract'>,
  buildArgs: Readonly<Record<string, string>>,
  env: Secret,
  recipe?: ImageRecipe,
): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        port,
        stopSeconds,
        Object.entries(buildArgs).sort(([a], [b]) => (a < b ? -1 : 1)),
        env.reveal(),
        ...(recipe === undefined ? [] : [recipe]),
        ...(health === undefined ? [] : [health]),
        ...(contract === undefined ? [] : [contract]),
      ]),
    )
    .digest('hex')
    .slice(0, 8)

/** Names one release with one configuration: a changed secret makes another edition of the same release. */
export const editionOf = ({ release, config }: Pick<Manifest, 'release' | 'config'>): string =>
  `${release}-${config}`

/** Reads a manifest file; undefined when it is missing or not one. */
export function parseManifest(text: string): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Where a service's manifests and environments lie on its hosts. Only root reads them. */
export const serviceFolder = (service: string): string => `/etc/fleetfile/${service}`
