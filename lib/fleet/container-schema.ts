import { z } from 'zod'
import { containerRolloutSchema } from './rollout-schema.ts'
import { frontDoorSchema, path, probeSchema } from './front-door-schema.ts'
import { keptReleases } from './keep-schema.ts'
import { portNumber, serviceBase, text, texts } from './service-base-schema.ts'

const migrations = z.strictObject({
  backup: z.strictObject({ on: text, command: text }).exactOptional(),
  expand: texts.min(1).exactOptional(),
  contract: texts.min(1).exactOptional(),
})

const keep = z.strictObject({
  warmSeconds: z.number().int().min(0).exactOptional(),
  ...keptReleases,
})

const image = z.strictObject({
  base: text,
  command: texts.min(1),
  folder: z.string().startsWith('/', 'must be an absolute path').exactOptional(),
  user: text.exactOptional(),
})

/** The shape of a service that runs in containers. */
export const containerSchema = z.strictObject({
  ...serviceBase,
  kind: z.literal('container'),
  engine: z.enum(['docker', 'podman']).exactOptional(),
  placement: z.enum(['slots', 'swarm']).exactOptional(),
  replicas: z.number().int().min(1).max(1000).exactOptional(),
  port: portNumber,
  slots: z.strictObject({ blue: portNumber, green: portNumber }),
  health: path,
  image: image.exactOptional(),
  buildArgs: z.record(z.string(), z.string()).exactOptional(),
  migrate: z.union([texts.min(1), migrations]).exactOptional(),
  probe: probeSchema.exactOptional(),
  keep: keep.exactOptional(),
  rollout: containerRolloutSchema.exactOptional(),
  proxy: frontDoorSchema,
})
