import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { fleetOrphans } from '../lib/orphans/fleet-orphans.ts'
import { renderOrphans } from '../lib/orphans/render.ts'
import { planFleet, planSummary, showPlan } from '../lib/plan/fleet-plan.ts'
import { PENDING, planParams } from '../lib/plan/plan-params.ts'
import { bodies as deploy, provisionBodies as provision } from '../templates/index.ts'

export default defineTask({
  name: 'diff',
  summary: 'Show what would change, and what is there but no longer declared',
  description:
    'The plan, and beside it what fleet once made and the fleet file no longer asks for: units, programs, cron jobs, files, ' +
    'users, folders, containers; and ports that listen without being declared. Changes nothing.',
  params: z.strictObject({
    ...planParams,
    exitCode: z.boolean().default(false).describe('end with 3 when the hosts are not as declared'),
  }),
  args: ['roles'],
  hosts: (_, { roles }) => (roles.length > 0 ? roles : ['all']),
  examples: ['fleet diff', 'fleet diff sync --exit-code'],
  async run(ctx, { release, exitCode }) {
    const plan = await planFleet(ctx, { release, bodies: { provision, deploy } })
    const found = await fleetOrphans(ctx, plan.wanted)
    showPlan(ctx, plan.hosts)
    const { total, text } = planSummary(plan.hosts)
    const lines = renderOrphans(found)
    const count = [...found.values()].reduce((sum, { orphans }) => sum + orphans.length, 0)
    ctx.print(lines === '' ? text : `${text}\n${lines}`)
    if (count > 0) ctx.note('fleet prune removes what is named, like: fleet prune cron old-job')
    return {
      data: {
        changes: total,
        hosts: Object.fromEntries(
          [...plan.hosts].map(([host, { changes }]) => [host, { changes, ...found.get(host) }]),
        ),
      },
      exitCode: exitCode && total + count > 0 ? PENDING : 0,
    }
  },
})
