import { randomBytes } from 'node:crypto'
import { UsageError } from '../errors.ts'
import type { TaskContext } from '../task/context.ts'
import type { TaskResult } from '../task/define.ts'
import type { BulkOptions, BulkParams } from './bulk-options.ts'
import { resumeRun } from './bulk-resume.ts'
import { act, ask, databaseOf, finish, showPlan } from './bulk-steps.ts'
import { parseSeconds } from './seconds.ts'
import { livenessOf } from './liveness-of.ts'
import { openUserStore } from './open.ts'
import { planUsers } from './plan.ts'
import { Receipt, receiptPath, type UserResult } from './receipt.ts'
import { readSelection } from './selection.ts'

/** `20261122-101502-4f0c1a`: in the order of time, and no two alike. */
export const newRunId = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`

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
    const run = newRunId(new Date())
    const receipt = await Receipt.create(receiptPath(ctx.paths.state, ctx.fleet.name, run))
    const at = new Date().toISOString()
    const left = plan.leftAlone.map(({ id, outcome, detail }): UserResult => ({
      type: 'result',
      user: id,
      outcome,
      detail,
      at,
    }))
    try {
      await receipt.append([
        {
          type: 'plan',
          version: 1,
          run,
          fleet: ctx.fleet.name,
          database: databaseOf(ctx),
          change: options.change,
          selection: selection.text,
          who: options.who,
          reason: params.reason ?? null,
          at,
          users: plan.users.length,
        },
        ...plan.users.map(user => ({ type: 'user' as const, ...user })),
        ...left,
        { type: 'sealed' },
      ])
      const results = await act(ctx, store, receipt, { run, change: options.change, users: plan.users })
      return finish(ctx, { run, path: receipt.path }, plan.leftAlone, results)
    } finally {
      await receipt.close()
    }
  } finally {
    await store.close()
  }
}
