import { z } from 'zod'
import type { Fleet } from './model.ts'
import { containerRolloutSchema, rolloutSchema } from './rollout-schema.ts'

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and dashes, a letter first')
const portNumber = z.number().int().min(1).max(65_535)
const text = z.string().min(1)
const texts = z.array(text)

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

const envValue = z.union([
  z.string(),
  z.number(),
  z.strictObject({ addressOf: text }),
  z.strictObject({ secret: text }),
])

const base = {
  role: text,
  source: text.exactOptional(),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name for an environment variable'), envValue)
    .exactOptional(),
}

const containerService = z.strictObject({
  ...base,
  kind: z.literal('container'),
  port: portNumber,
  slots: z.strictObject({ blue: portNumber, green: portNumber }),
  health: z.string().startsWith('/', 'must be a path that starts with "/"'),
  migrate: texts.min(1).exactOptional(),
  buildArgs: z.record(z.string(), z.string()).exactOptional(),
  rollout: containerRolloutSchema.exactOptional(),
  proxy: z.strictObject({ role: text, names: texts.min(1), certificate: text.exactOptional() }),
})

const program = z.strictObject({
  command: text,
  count: z.number().int().min(0).exactOptional(),
  startSeconds: z.number().int().min(0).exactOptional(),
  stopSeconds: z.number().int().min(1).exactOptional(),
  once: z.boolean().exactOptional(),
})

const cronJob = z.strictObject({
  command: text,
  schedule: z.string().regex(/^(?:\S+ +){4}\S+$/, 'must be five cron fields, like "0 3 * * *"'),
  once: z.boolean().exactOptional(),
})

const processService = z.strictObject({
  ...base,
  kind: z.literal('processes'),
  packages: texts.exactOptional(),
  directories: z.array(z.string().startsWith('/', 'must be an absolute path')).exactOptional(),
  programs: z.record(name, program).exactOptional(),
  cron: z.record(name, cronJob).exactOptional(),
  migrate: texts.min(1).exactOptional(),
  health: text.exactOptional(),
  healthSeconds: z.number().int().min(1).max(3600).exactOptional(),
  rollout: rolloutSchema.exactOptional(),
  postgres: z
    .strictObject({
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
  services: z.record(name, z.discriminatedUnion('kind', [containerService, processService])),
  secrets: z.array(name),
  users: z
    .strictObject({ kind: z.literal('postgres'), host: text, database: text, user: text, password: text })
    .exactOptional(),
  logs: z.strictObject({ role: text, directory: text, format: z.literal('tapiriik') }).exactOptional(),
})
