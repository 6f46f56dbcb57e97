import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { requireChosen } from '../lib/rollout/chosen.ts'
import { finishRelease } from '../lib/swap/finish-release.ts'
import { presentContainers } from '../lib/swap/present-target.ts'
import { containerNamed } from '../lib/rollout/services-named.ts'
import { LIMITS } from '../lib/swap/swap-target.ts'

export default defineTask({
  name: 'finish',
  summary: 'Stop the old slot, and run the contract migration of what serves',
  description:
    'Waits until nothing talks to the old slot, stops it on all hosts, and runs the `contract` migration of the release that ' +
    'serves, once, after a backup. There is no rollback across it without --force.',
  params: z.strictObject({
    service: z.string().default('web').meta({ description: 'a container service', names: 'service' }),
    drain: z
      .int()
      .min(0)
      .max(86_400)
      .default(LIMITS.drainSeconds)
      .describe('seconds to wait for requests of the old slot'),
  }),
  args: ['service'],
  hosts: 'all',
  examples: ['fleet finish web', 'fleet finish web --plan'],
  async run(ctx, { service: name, drain }) {
    const service = containerNamed(ctx.fleet, name)
    requireChosen(ctx, name, service)
    const target = await presentContainers(ctx, name, service)
    const report = await finishRelease(ctx, { target, limits: { drainSeconds: drain }, now: ctx.now })
    const { outcome, label, release, stopped, contracted } = report
    const done = [
      ...(stopped.length > 0 ? [`old slot stopped on ${stopped.join(', ')}`] : []),
      ...(contracted ? ['contract migration done'] : []),
    ]
    if (outcome === 'finished') ctx.print(`${name}: ${label} (${release}) is finished: ${done.join(', ')}`)
    if (outcome === 'unchanged') ctx.print(`${name}: ${label} (${release}) is finished already: 0 changes`)
    return { data: report }
  },
})
