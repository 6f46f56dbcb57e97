import { FleetError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { TaskContext } from '../task/context.ts'
import { writeWithReceipt } from './bulk-write.ts'
import { checkLocks, hostOf } from './liveness.ts'
import { openUserStore } from './open.ts'
import { planUsers } from './plan.ts'
import type { UserStore } from './store.ts'
import type { Lock } from './user.ts'

const same = (a: Lock, b: Lock): boolean =>
  a.host === b.host && a.worker === b.worker && a.startedAt === b.startedAt

/**
 * Frees the users whom dead workers of these hosts hold, with a receipt as `fleet users unlock` keeps. Nobody is asked,
 * since only what the hosts themselves call dead is taken: nobody works on those users. A fleet that keeps no users,
 * and a run with `--plan`, frees none. That it fails is a warning, with the command that does it later.
 */
export async function freeStranded(
  ctx: TaskContext,
  hosts: readonly FleetHost[],
  reason: string,
): Promise<void> {
  if (ctx.fleet.users === undefined || ctx.planOnly || hosts.length === 0) return
  try {
    const store = await openUserStore(ctx)
    try {
      await free(ctx, store, hosts, reason)
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    ctx.warn(
      `users of killed workers were not freed: ${messageOf(error)}; later: fleet users unlock --where stranded`,
    )
  }
}

async function free(
  ctx: TaskContext,
  store: UserStore,
  hosts: readonly FleetHost[],
  reason: string,
): Promise<void> {
  const ours = (lock: Lock): boolean => hostOf(hosts, lock.host) !== undefined
  const locks = (await store.locks([{ kind: 'locked' }])).filter(ours)
  if (locks.length === 0) return
  const checked = await checkLocks(ctx, locks)
  const dead = checked.flatMap(({ lock, alive }) => (alive ? [] : [lock]))
  const text = `stranded on ${hosts.map(({ name }) => name).join(', ')}`
  const liveness = { checked, staleSeconds: Number.MAX_SAFE_INTEGER }
  const plan = await planUsers(
    store,
    { filter: [{ kind: 'stranded' }], ids: undefined, text },
    liveness,
    { action: 'unlock' },
    { force: false, limit: undefined },
  )
  const users = plan.users.filter(
    ({ version: { lock } }) => lock !== null && dead.some(each => same(each, lock)),
  )
  if (users.length === 0) return
  await writeWithReceipt(ctx, store, { ...plan, users }, { selection: text, who: ctx.owner, reason })
}
