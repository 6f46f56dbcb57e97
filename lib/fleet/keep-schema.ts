import { z } from 'zod'
import type { Keep } from './container-model.ts'

const size = z.custom<NonNullable<Keep['size']>>(
  value => typeof value === 'string' && /^\d+(\.\d+)?(MB|GB)$/.test(value),
  'must be a size like "500MB" or "5GB"',
)

/** How much of the past stays on a service's hosts. */
export const keptReleases = {
  releases: z.number().int().min(2, 'must be 2 or more: what serves, and the way back').exactOptional(),
  size: size.exactOptional(),
}
