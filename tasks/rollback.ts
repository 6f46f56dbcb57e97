import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { requireChosen } from '../lib/rollout/chosen.ts'
import { containerNamed } from '../lib/rollout/services-named.ts'
import { presentTarget } from '../lib/rollout/present-target.ts'
import { rollback } from '../lib/rollout/rollback.ts'

export default defineTask({
  name: 'rollback',
  summary: 'Send all traffic back to the release before, in one flip',
  description:
    'The release before comes back with its own environment and configuration, not with those of today.',
  params: z.strictObject({
    service: z.string().default('web').meta({ description: 'a container service', names: 'service' }),
  }),
  args: ['service'],
  hosts: 'all',
  examples: ['fleet rollback web'],
  async run(ctx, { service: name }) {
    const service = containerNamed(ctx.fleet, name)
    requireChosen(ctx, name, service)
    const target = await presentTarget(ctx, name, service)
    const report = await rollback(ctx, { target, now: ctx.now })
    if (report.outcome === 'rolled-back') {
      ctx.print(
        `${name}: ${report.label} (${report.release}) serves again from ${report.slot}, flipped in ${report.flip?.milliseconds} ms`,
      )
    }
    return { data: report }
  },
})
