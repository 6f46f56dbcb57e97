import { existsSync } from 'node:fs'
import type { TaskContext } from '../task/context.ts'
import type { TaskResult } from '../task/define.ts'
import { act, databaseOf, finish } from './bulk-steps.ts'
import type { UserPlan } from './plan.ts'
import { Receipt, receiptPath, type ReceiptHeader, type UserResult } from './receipt.ts'
import type { UserStore } from './store.ts'

/** A receipt is called after its run; a rollout may free users more than once, and numbers those behind the first. */
function receiptId(ctx: TaskContext): string {
  const isTaken = (id: string) => existsSync(receiptPath(ctx.paths.state, ctx.fleet.name, id))
  let id = ctx.runId
  for (let count = 2; isTaken(id); count += 1) id = `${ctx.runId}-${count}`
  return id
}

/** Writes what was planned, with a receipt that is sealed before the first user is touched. */
export async function writeWithReceipt(
  ctx: TaskContext,
  store: UserStore,
  plan: UserPlan,
  about: Pick<ReceiptHeader, 'selection' | 'who' | 'reason'>,
): Promise<TaskResult> {
  const { change } = plan
  const run = receiptId(ctx)
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
        change,
        ...about,
        at,
        users: plan.users.length,
      },
      ...plan.users.map(user => ({ type: 'user' as const, ...user })),
      ...left,
      { type: 'sealed' },
    ])
    const results = await act(ctx, store, receipt, { run, change, users: plan.users })
    return finish(ctx, { run, path: receipt.path }, plan.leftAlone, results)
  } finally {
    await receipt.close()
  }
}
