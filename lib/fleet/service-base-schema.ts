import { z } from 'zod'

export const portNumber = z.number().int().min(1).max(65_535)
export const text = z.string().min(1)
export const texts = z.array(text)

const envValue = z.union([
  z.string(),
  z.number(),
  z.strictObject({ addressOf: text }),
  z.strictObject({ secret: text }),
])

/** What every service says. */
export const serviceBase = {
  role: text,
  source: text.exactOptional(),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name for an environment variable'), envValue)
    .exactOptional(),
}
