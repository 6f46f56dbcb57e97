import { z } from 'zod'

/** Which release of the source a deploy or a swap takes. */
export const releaseParams = {
  release: z
    .string()
    .optional()
    .describe(
      'a git ref of the source, a folder, or image:<reference>@sha256:...; the source as it stands unless told',
    ),
  uncommitted: z
    .boolean()
    .default(false)
    .describe('take the working tree of a git source as it is, committed or not'),
}
