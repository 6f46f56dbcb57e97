import { UsageError } from '../errors.ts'
import type { TaskContext } from '../task/context.ts'
import type { TaskResult } from '../task/define.ts'
import type { BulkOptions, BulkParams } from './bulk-options.ts'
import { act, ask, databaseOf, finish } from './bulk-steps.ts'
import { openUserStore } from './open.ts'
import { Receipt, readReceipt, receiptPath } from './receipt.ts'
import { users } from './render.ts'
import { unfinished } from './resume.ts'

/** Goes on with an interrupted run: the users without a final result, held to the versions it planned. */
export async function resumeRun(
  ctx: TaskContext,
  params: BulkParams,
  run: string,
  { change: { action }, who }: BulkOptions,
): Promise<TaskResult> {
  if (params.ids.length > 0 || params.where.length > 0 || params.file !== undefined) {
    throw new UsageError('--resume goes on with the users of its run: leave out ids, --file and --where')
  }
  const path = receiptPath(ctx.paths.state, ctx.fleet.name, run)
  const left = unfinished(await readReceipt(path, run), run)
  if (left.header.change.action !== action) {
    throw new UsageError(`run "${run}" is a users ${left.header.change.action}`, {
      hint: `fleet users ${left.header.change.action} --resume ${run}`,
    })
  }
  if (left.header.database !== databaseOf(ctx)) {
    throw new UsageError(
      `run "${run}" was for ${left.header.database}, which is not this fleet's users any more`,
    )
  }
  ctx.note(`run ${run}: ${users(left.finished)} finished, ${left.users.length} left`)
  if (ctx.planOnly) return { data: { run, left: left.users } }
  if (left.users.length === 0) return finish(ctx, { run, path }, [], [])
  await ask(ctx, left.header.change, left.users.length)
  const store = await openUserStore(ctx)
  const receipt = await Receipt.reopen(path)
  try {
    await receipt.append([
      { type: 'resumed', who, reason: params.reason ?? null, at: new Date().toISOString() },
    ])
    const results = await act(ctx, store, receipt, { run, change: left.header.change, ...left })
    return finish(ctx, { run, path }, [], results)
  } finally {
    await receipt.close()
    await store.close()
  }
}
