import { z } from 'zod'
import type { HostCount, Rollout, RolloutOrder } from './rollout-model.ts'

const SHARE = 'must be a number of hosts, or a share of them like "10%"'
const SOME = 'must be a number of hosts from 1, or a share of them like "25%"'

const percent = z.templateLiteral([z.number(), '%'])

/** A number of hosts or a share of them, none included. */
export const failureLimitSchema: z.ZodType<HostCount> = z.union(
  [z.number().int().min(0), percent.refine(share => /^(?:\d{1,2}|100)%$/.test(share), SHARE)],
  { error: SHARE },
)

const hostCount = z.union(
  [z.number().int().min(1), percent.refine(share => /^(?:[1-9]\d?|100)%$/.test(share), SOME)],
  { error: SOME },
)

/** In which groups the hosts of a service follow each other. */
export const orderSchema: z.ZodType<RolloutOrder> = z.union(
  [
    z.enum(['all', 'serial']),
    z.strictObject({ batch: hostCount }),
    z.strictObject({
      canary: hostCount,
      rest: z.union([z.enum(['all', 'serial']), hostCount]).exactOptional(),
    }),
  ],
  {
    error:
      'must be "all", "serial", { batch: 2 } or { canary: 1, rest: "25%" }, with numbers of hosts from 1 or shares of them',
  },
)

const unreachable = z.enum(['fail', 'skip']).exactOptional()

export const rolloutSchema: z.ZodType<Rollout> = z.strictObject({
  order: orderSchema.exactOptional(),
  maxFailures: failureLimitSchema.exactOptional(),
  pauseSeconds: z.number().min(0).max(86_400).exactOptional(),
  unreachable,
})

export const containerRolloutSchema: z.ZodType<Pick<Rollout, 'unreachable'>> = z.strictObject({ unreachable })
