import { z } from 'zod'

/** What an operator writes for a run: its id, how it begins, or its last four digits. */
export const runParam = z
  .string()
  .regex(/^[0-9A-Za-z-]{1,64}$/, 'must be the id of a run, as fleet runs lists it')
  .describe('its id as `fleet runs` lists it, its beginning, or its last four digits')
