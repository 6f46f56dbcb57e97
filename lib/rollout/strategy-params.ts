import { z } from 'zod'
import { parseFailureLimit, parseOrder } from './order.ts'

/**
 * The options by which a deploy goes another way than the fleet file says. They stay texts, so that a run's record
 * holds what was asked for.
 */
export const strategyParams = {
  order: z
    .string()
    .refine(text => parseOrder(text) !== undefined, {
      error: 'must be all, serial, 2, 25%, canary, canary:2 or canary:1,rest:25%',
    })
    .optional()
    .describe('hosts of process services: all, serial, a batch (2, 25%), canary or canary:1,rest:25%'),
  maxFailures: z
    .string()
    .refine(text => parseFailureLimit(text) !== undefined, {
      error: 'must be a number of hosts, or a share of them like 10%',
    })
    .optional()
    .describe('hosts that may fail before no further batch begins: 1, 10%'),
  unreachable: z
    .enum(['fail', 'skip'])
    .optional()
    .describe('a host that cannot be reached fails the deploy, or is quarantined: fail, skip'),
}
