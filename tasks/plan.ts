import { resolve } from 'node:path'
import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { planFleet, planSummary, showPlan } from '../lib/plan/fleet-plan.ts'
import { PENDING, planParams } from '../lib/plan/plan-params.ts'
import { planDocument, writePlan } from '../lib/plan/document.ts'
import { bodies as deploy, provisionBodies as provision } from '../templates/index.ts'

export default defineTask({
  name: 'plan',
  summary: 'Show what provision and deploy would change, file by file',
  description:
    'Looks at every host and changes nothing. Hosts that agree are shown once; files that change with a diff, secrets ' +
    'masked. With --out the plan is written for `fleet apply`, which does exactly that or refuses.',
  params: z.strictObject({
    ...planParams,
    out: z.string().optional().describe('write the plan to this file'),
    exitCode: z.boolean().default(false).describe('end with 3 when there is something to do'),
  }),
  args: ['roles'],
  hosts: (_, { roles }) => (roles.length > 0 ? roles : ['all']),
  examples: [
    'fleet plan',
    'fleet plan web --release v1.4.2 --exit-code',
    'fleet plan --out plan.json && fleet apply plan.json',
  ],
  async run(ctx, { roles, release, out, exitCode }) {
    const plan = await planFleet(ctx, { release, bodies: { provision, deploy } })
    showPlan(ctx, plan.hosts)
    const { total, text } = planSummary(plan.hosts)
    ctx.print(text)
    const document = planDocument(plan, {
      tool: ctx.record.tool,
      fleet: ctx.fleet.name,
      createdAt: ctx.now().toISOString(),
      createdBy: ctx.owner,
      ...(ctx.message === undefined ? {} : { message: ctx.message }),
      invocation: {
        roles: [...roles],
        on: [...ctx.record.on],
        ...(release === undefined ? {} : { release }),
      },
    })
    if (out !== undefined) {
      const path = resolve(ctx.paths.cwd, out)
      await writePlan(path, document)
      ctx.note(`written to ${path}: fleet apply ${out}`)
    }
    return {
      data: { changes: total, hosts: document.hosts, releases: document.releases },
      exitCode: exitCode && total > 0 ? PENDING : 0,
    }
  },
})
