import type { TaskContext } from '../task/context.ts'
import type { Filter } from './filter.ts'
import { checkLocks } from './liveness.ts'
import type { Liveness, UserStore } from './store.ts'

/** What is known of the workers that hold the users of `filter`: the hosts' own word where they can be asked. */
export async function livenessOf(
  ctx: TaskContext,
  store: UserStore,
  filter: Filter,
  staleSeconds: number,
): Promise<Liveness> {
  const locks = await store.locks(filter)
  return { checked: locks.length === 0 ? [] : await checkLocks(ctx, locks), staleSeconds }
}
