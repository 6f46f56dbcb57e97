import type { TaskContext } from '../task/context.ts'
import type { TaskResult } from '../task/define.ts'
import { executeUsers } from './execute.ts'
import type { PlannedUser, UserPlan } from './plan.ts'
import type { Receipt, UserResult } from './receipt.ts'
import { planText, resultLine, tally, users } from './render.ts'
import type { Change, UserStore } from './store.ts'

/** The users' place, for people and receipts: `db1/app`. */
export const databaseOf = ({ fleet }: TaskContext): string =>
  `${fleet.users?.host ?? '?'}/${fleet.users?.database ?? '?'}`

/** Asks for the exact count. */
export const ask = (ctx: TaskContext, { action }: Change, count: number): Promise<void> =>
  ctx.confirm({
    message: `${action} ${users(count)} of fleet "${ctx.fleet.name}" (${databaseOf(ctx)})?`,
    count,
  })

/** The plan is the result of a dry run, and otherwise what is read before saying yes. */
export function showPlan(ctx: TaskContext, plan: UserPlan): void {
  const show = (text: string) => {
    if (ctx.planOnly) return ctx.print(text)
    // A note is one line.
    for (const line of text.split('\n')) ctx.note(line)
  }
  if (plan.users.length > 0) show(planText(plan, new Date(), ctx.console.columns))
  const held = plan.passedOver.get('held') ?? 0
  if (held > 0) show(`left alone: ${users(held)} that a worker holds`)
}

/** Writes the users, telling each result as it is on disk. */
export async function act(
  ctx: TaskContext,
  store: UserStore,
  receipt: Receipt,
  work: { run: string; change: Change; users: readonly PlannedUser[]; inDoubt?: ReadonlySet<string> },
): Promise<readonly UserResult[]> {
  ctx.note(`receipt: ${receipt.path}`)
  const { action } = work.change
  const at = ctx.allHosts.find(({ name }) => name === ctx.fleet.users?.host)
  if (at !== undefined) await ctx.on(at).touch()
  return executeUsers({
    store,
    receipt,
    ...work,
    signal: ctx.signal,
    now: () => new Date(),
    resumeCommand: `fleet users ${action} --resume ${work.run}`,
    onResults(batch, done) {
      for (const result of batch) ctx.print(resultLine(result))
      ctx.emit({ type: 'progress', id: work.run, text: `users ${action}`, done, total: work.users.length })
    },
  })
}

/** Users that were asked for and could not be served make a partial result. */
export function finish(
  ctx: TaskContext,
  run: { readonly run: string; readonly path: string } | undefined,
  leftAlone: UserPlan['leftAlone'],
  results: readonly UserResult[],
): TaskResult {
  const left = leftAlone.map(({ id, outcome, detail }) => ({ user: id, outcome, detail }))
  for (const result of left) ctx.print(resultLine(result))
  const all = [...results.map(({ user, outcome, detail }) => ({ user, outcome, detail })), ...left]
  ctx.print(results.length === 0 && left.length === 0 ? '0 users: nothing to do' : tally(all))
  const short = all.some(({ outcome }) => ['failed', 'held', 'not-found'].includes(outcome))
  return {
    data: { run: run?.run ?? null, receipt: run?.path ?? null, results: all },
    exitCode: short ? 9 : 0,
  }
}
