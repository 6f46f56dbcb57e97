import { z } from 'zod'

/** What the demo reads of the commands' results; the rest of them is left alone. */

export const machinesResult = z.array(z.object({ name: z.string(), role: z.string(), address: z.string() }))

export const deployResult = z.object({ changed: z.number() })

export const swapResult = z.object({
  outcome: z.string(),
  flip: z.object({ milliseconds: z.number() }).optional(),
})

export const usersResult = z.object({
  total: z.number(),
  users: z.array(z.object({ id: z.string(), state: z.string() })),
})

export const bulkResult = z.object({ results: z.array(z.object({ outcome: z.string() })) })

export const logsResult = z.object({
  servers: z.array(
    z.object({ host: z.string(), answered: z.boolean(), files: z.number(), newBytes: z.number() }),
  ),
  records: z.array(z.unknown()),
})
