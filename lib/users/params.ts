import { z } from 'zod'
import { parseSeconds } from './seconds.ts'

/** Options that all of `fleet users` take. */
export const selectionParams = {
  ids: z.array(z.string()).default([]).describe('user ids, 24 hexadecimal digits each'),
  where: z
    .array(z.string())
    .default([])
    .describe('a condition, such as stranded or email=*@example.com; several must all hold'),
  file: z.string().optional().describe('a file of user ids, one a line; - is the standard input'),
  stale: z
    .string()
    .default('10m')
    .refine(text => parseSeconds(text) !== undefined, 'a time such as 30s, 10m or 2h')
    .describe('where a host cannot be asked: how long its workers may be silent'),
}

/** Options of the actions that write. */
export const bulkParams = {
  ...selectionParams,
  limit: z.coerce.number().int().min(1).optional().describe('write no more than this many users'),
  reason: z.string().max(500).optional().describe('why, for the receipt'),
  resume: z.string().optional().describe('go on with an interrupted run'),
}
