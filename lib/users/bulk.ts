import { UsageError } from '../errors.ts'
import type { TaskContext } from '../task/context.ts'
import type { TaskResult } from '../task/define.ts'
import type { BulkOptions, BulkParams } from './bulk-options.ts'
import { resumeRun } from './bulk-resume.ts'
import { ask, finish, showPlan } from './bulk-steps.ts'
import { writeWithReceipt } from './bulk-write.ts'
import { parseSeconds } from './seconds.ts'
import { livenessOf } from './liveness-of.ts'
import { openUserStore } from './open.ts'
import { planUsers } from './plan.ts'
import { readSelection } from './selection.ts'

/** Plan, confirm, write, receipt: what `users unlock` and `users resync` share. */
export async function runBulk(
  ctx: TaskContext,
  params: BulkParams,
  options: BulkOptions,
): Promise<TaskResult> {
  if (params.resume !== undefined) return resumeRun(ctx, params, params.resume, options)
  const selection = await readSelection(params, ctx.paths.cwd)
  if (selection === undefined) {
    throw new UsageError(`users ${options.change.action}: which users? Give ids, --file or --where`, {
      hint: 'fleet users list --where stranded',
    })
  }
  const store = await openUserStore(ctx)
  try {
    const stale = parseSeconds(params.stale) ?? 600
    // Only locks can be unlocked: thousands of free users are not fetched to find that out one by one.
    const narrowed =
      options.change.action === 'unlock' && selection.ids === undefined
        ? { ...selection, filter: [...selection.filter, { kind: 'locked' } as const] }
        : selection
    const liveness = await livenessOf(ctx, store, narrowed.filter, stale)
    const plan = await planUsers(store, narrowed, liveness, options.change, {
      force: options.force,
      limit: params.limit,
    })
    showPlan(ctx, plan)
    if (plan.users.length === 0) return finish(ctx, undefined, plan.leftAlone, [])
    if (ctx.planOnly) return { data: { plan: { ...plan, passedOver: Object.fromEntries(plan.passedOver) } } }
    await ask(ctx, options.change, plan.users.length)
    return await writeWithReceipt(ctx, store, plan, {
      selection: selection.text,
      who: options.who,
      reason: params.reason ?? null,
    })
  } finally {
    await store.close()
  }
}
