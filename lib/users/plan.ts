import { UsageError } from '../errors.ts'
import { formatAge } from '../text/duration.ts'
import type { Selection } from './selection.ts'
import type { Change, Liveness, UserStore } from './store.ts'
import type { User, UserVersion } from './user.ts'

/** One user to be written, with what it must still look like then. */
export interface PlannedUser {
  readonly id: string
  readonly version: UserVersion
}

/** A user that was asked for by its id and is not written. */
export interface LeftAlone {
  readonly id: string
  /** `unchanged`: nothing to do. `held`: a living worker has it. */
  readonly outcome: 'unchanged' | 'held' | 'not-found'
  readonly detail: string
}

/** What a bulk action will do: frozen, so that what is selected cannot move while it is written. */
export interface UserPlan {
  readonly change: Change
  readonly users: readonly PlannedUser[]
  readonly sample: readonly User[]
  /** How many users could be written; more than `users` when `--limit` cut it. */
  readonly matching: number
  /** Users asked for by id that will not be written. */
  readonly leftAlone: readonly LeftAlone[]
  /** The same for users found by `--where`: how many, for each reason. */
  readonly passedOver: ReadonlyMap<string, number>
}

export interface PlanOptions {
  /** Take locks of living workers as well. */
  readonly force: boolean
  readonly limit: number | undefined
}

const MAX_USERS = 100_000
const PAGE = 2_000
const SAMPLE = 5

type Verdict = 'write' | Omit<LeftAlone, 'id'>

const holder = ({ lock, silentSeconds }: User): string => {
  const silent =
    silentSeconds !== null && silentSeconds > 60 ? `, silent for ${formatAge(silentSeconds * 1000)}` : ''
  return `process ${lock?.worker ?? '?'} on ${lock?.host ?? 'no host'}${silent}`
}

/** Whether the action applies to a user as it is now. */
export function judge(change: Change, user: User, force: boolean): Verdict {
  const locked = user.state === 'stranded' || user.state === 'syncing'
  if (change.action === 'unlock') {
    if (!locked) return { outcome: 'unchanged', detail: 'not locked' }
    if (user.state === 'stranded' || force) return 'write'
    return { outcome: 'held', detail: `its worker lives: ${holder(user)}` }
  }
  if (!locked) return 'write'
  if (user.state === 'syncing') return { outcome: 'held', detail: `being synchronised: ${holder(user)}` }
  return { outcome: 'held', detail: `stranded: ${holder(user)}; fleet users unlock frees and reschedules it` }
}

/** Every user of the selection, page by page. */
async function* usersOf(store: UserStore, selection: Selection, liveness: Liveness): AsyncGenerator<User> {
  let after: string | undefined
  for (;;) {
    const page = await store.select(selection.filter, liveness, {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    })
    yield* page
    after = page.at(-1)?.id
    if (page.length < PAGE) return
  }
}

/** Reads the selected users and freezes what would be written. Changes nothing. */
export async function planUsers(
  store: UserStore,
  selection: Selection,
  liveness: Liveness,
  change: Change,
  { force, limit }: PlanOptions,
): Promise<UserPlan> {
  const users: PlannedUser[] = []
  const sample: User[] = []
  const leftAlone: LeftAlone[] = []
  const passedOver = new Map<string, number>()
  const missing = new Set(selection.ids)
  let matching = 0
  for await (const user of usersOf(store, selection, liveness)) {
    missing.delete(user.id)
    const verdict = judge(change, user, force)
    if (verdict !== 'write') {
      if (selection.ids !== undefined) leftAlone.push({ id: user.id, ...verdict })
      else passedOver.set(verdict.outcome, (passedOver.get(verdict.outcome) ?? 0) + 1)
      continue
    }
    matching += 1
    if (limit !== undefined && users.length >= limit) continue
    if (users.length === MAX_USERS) {
      throw new UsageError(
        `more than ${MAX_USERS} users match: narrow it with --where, or take --limit of them`,
      )
    }
    users.push({ id: user.id, version: { lock: user.lock, nextSync: user.nextSync } })
    if (sample.length < SAMPLE) sample.push(user)
  }
  for (const id of missing) leftAlone.push({ id, outcome: 'not-found', detail: 'no user has this id' })
  return { change, users, sample, matching, leftAlone, passedOver }
}
