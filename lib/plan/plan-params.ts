import { z } from 'zod'

/** Exit code of `--exit-code` where the hosts are not as declared. */
export const PENDING = 3

/** Whose plan is made, and of which release: the same for all that shows or acts on one. */
export const planParams = {
  roles: z
    .array(z.string().meta({ names: 'role' }))
    .default([])
    .describe('only the hosts of these roles'),
  release: z
    .string()
    .optional()
    .describe('a git ref of the source, or a folder; the source as it stands unless told'),
}
