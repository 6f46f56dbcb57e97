import { z } from 'zod'
import { keptReleases } from './keep-schema.ts'
import type { Fleet } from './model.ts'
import { containerSchema } from './container-schema.ts'
import { hostDoorSchema, probeSchema } from './front-door-schema.ts'
import { rolloutSchema } from './rollout-schema.ts'
import { portNumber, serviceBase, text, texts } from './service-base-schema.ts'

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and dashes, a letter first')
const port = z.strictObject({
  port: portNumber,
  protocol: z.enum(['tcp', 'udp']).exactOptional(),
  from: z.union([z.enum(['anywhere', 'fleet']), texts]),
})

const role = z.strictObject({ ports: z.array(port).exactOptional() })

const host = z.strictObject({
  role: text,
  address: text.exactOptional(),
  port: portNumber.exactOptional(),
  hostKeys: texts.exactOptional(),
  firstUser: text.exactOptional(),
})

const program = z.strictObject({
  command: text,
  count: z.number().int().min(0).exactOptional(),
  startSeconds: z.number().int().min(0).exactOptional(),
  stopSeconds: z.number().int().min(1).exactOptional(),
  once: z.boolean().exactOptional(),
  live: z.boolean().exactOptional(),
})

const cronJob = z.strictObject({
  command: text,
  schedule: z.string().regex(/^(?:\S+ +){4}\S+$/, 'must be five cron fields, like "0 3 * * *"'),
  once: z.boolean().exactOptional(),
  live: z.boolean().exactOptional(),
})

const processService = z.strictObject({
  ...serviceBase,
  kind: z.literal('processes'),
  packages: texts.exactOptional(),
  directories: z.array(z.string().startsWith('/', 'must be an absolute path')).exactOptional(),
  programs: z.record(name, program).exactOptional(),
  cron: z.record(name, cronJob).exactOptional(),
  migrate: texts.min(1).exactOptional(),
  health: text.exactOptional(),
  healthSeconds: z.number().int().min(1).max(3600).exactOptional(),
  keep: z.strictObject(keptReleases).exactOptional(),
  rollout: rolloutSchema.exactOptional(),
  proxy: hostDoorSchema.exactOptional(),
  pair: z.strictObject({ blue: text, green: text, alias: text.exactOptional() }).exactOptional(),
  probe: probeSchema.exactOptional(),
  postgres: z
    .strictObject({
      version: z.int().min(10).max(99).exactOptional(),
      roles: z.record(text, z.strictObject({ password: text })),
      databases: z.record(text, z.strictObject({ owner: text })),
    })
    .exactOptional(),
  rabbitmq: z
    .strictObject({
      users: z.record(text, z.strictObject({ password: text, vhost: text })),
      vhosts: texts,
    })
    .exactOptional(),
})

/** The shape of a fleet; what its names refer to is checked by `references`. */
export const fleetSchema: z.ZodType<Fleet> = z.strictObject({
  name,
  provider: z.enum(['static', 'lab']),
  access: z.strictObject({
    user: z.string().regex(/^[a-z_][a-z0-9_-]*$/, 'is no name for a Linux user'),
    identityFile: text.exactOptional(),
    transport: z.enum(['ssh', 'openssh']).exactOptional(),
    authorizedKeys: texts.exactOptional(),
  }),
  roles: z.record(name, role),
  hosts: z.record(name, host),
  services: z.record(name, z.discriminatedUnion('kind', [containerSchema, processService])),
  secrets: z.array(name),
  users: z
    .strictObject({ kind: z.literal('postgres'), host: text, database: text, user: text, password: text })
    .exactOptional(),
  logs: z.strictObject({ role: text, directory: text, format: z.literal('tapiriik') }).exactOptional(),
})
