import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { requireChosen } from '../lib/rollout/chosen.ts'
import { slottedNamed } from '../lib/rollout/services-named.ts'
import { presentTarget } from '../lib/swap/present-target.ts'
import { rollback } from '../lib/swap/rollback.ts'

export default defineTask({
  name: 'rollback',
  summary: 'Send all traffic back to the release before, in one flip',
  description:
    'A release comes back with its own environment and configuration, not with those of today. The one before is warm for a ' +
    'while; an older one, or one whose slot has stopped, is started and checked first.',
  params: z.strictObject({
    service: z.string().default('web').meta({ description: 'a service with slots', names: 'service' }),
    to: z
      .string()
      .optional()
      .describe(
        'a release by its label, id or edition, as `fleet releases` lists them; the one before unless told',
      ),
    force: z
      .boolean()
      .default(false)
      .describe('also to a release that may need what a contract migration has taken away'),
  }),
  args: ['service'],
  hosts: 'all',
  examples: ['fleet rollback web', 'fleet rollback web --to v1.4.1'],
  async run(ctx, { service: name, to, force }) {
    const service = slottedNamed(ctx.fleet, name)
    requireChosen(ctx, name, service)
    const target = await presentTarget(ctx, name, service)
    const report = await rollback(ctx, {
      target,
      force,
      now: ctx.now,
      ...(to === undefined ? {} : { to }),
    })
    if (report.outcome === 'rolled-back') {
      ctx.print(
        `${name}: ${report.label} (${report.release}) serves again from ${report.slot}, flipped in ${report.flip?.milliseconds} ms`,
      )
    }
    if (report.outcome === 'unchanged')
      ctx.print(`${name}: ${report.label} (${report.release}) serves already: 0 changes`)
    return { data: report, exitCode: report.unnoted === undefined ? 0 : 9 }
  },
})
