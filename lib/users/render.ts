import { formatAge } from '../text/duration.ts'
import type { UserPlan } from './plan.ts'
import { printable } from '../text/printable.ts'
import { table } from '../ui/table.ts'
import type { UserResult } from './receipt.ts'
import type { User } from './user.ts'

const ago = (time: string | null, now: Date): string =>
  time === null ? '-' : formatAge(now.getTime() - Date.parse(time))

/** Users as a table. Whatever came from users themselves is made safe for the terminal first. */
export const userTable = (users: readonly User[], now: Date, width?: number): string =>
  table(
    ['id', 'email', 'state', 'host', 'worker', 'locked', 'queued', 'last sync', 'errors'],
    users.map(user => [
      printable(user.id),
      printable(user.email ?? '-', 40),
      user.state,
      printable(user.lock?.host ?? (user.onlyHost === null ? '-' : `(${user.onlyHost} only)`), 30),
      user.lock === null ? '-' : user.lock.worker,
      ago(user.lock?.startedAt ?? null, now),
      ago(user.queuedAt, now),
      user.lastSync === null ? 'never' : `${ago(user.lastSync, now)} ago`,
      user.blockingErrors + user.otherErrors,
    ]),
    width,
  ).trimEnd()

/** How many users, in words. */
export const users = (count: number): string => (count === 1 ? '1 user' : `${count} users`)

const WRITES = {
  unlock: 'take the lock off, and let the scheduler queue the user now',
  resync: 'let the scheduler queue the user now',
} as const

/** A plan in full: the count, what is written, the first few, and who is left out. */
export function planText(plan: UserPlan, now: Date, width?: number): string {
  const { change } = plan
  const cut = plan.matching > plan.users.length ? ` of ${plan.matching} that match` : ''
  const full = change.action === 'resync' && change.exhaustive ? ', as a full synchronisation' : ''
  const lines = [
    `${change.action} ${users(plan.users.length)}${cut}: ${WRITES[change.action]}${full}`,
    userTable(plan.sample, now, width),
  ]
  const hidden = plan.users.length - plan.sample.length
  if (hidden > 0) lines.push(`... and ${hidden} more`)
  for (const left of plan.leftAlone)
    lines.push(`left alone: ${left.id} ${left.outcome}: ${printable(left.detail)}`)
  return lines.join('\n')
}

/** One user's end, on one line. */
export const resultLine = ({ user, outcome, detail }: Omit<UserResult, 'type' | 'at'>): string =>
  `${user}  ${outcome}${detail === undefined ? '' : `  ${printable(detail, 200)}`}`

/** Outcomes with their counts: `38 done, 2 changed`. */
export function tally(results: readonly Pick<UserResult, 'outcome'>[]): string {
  const counts = new Map<string, number>()
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}
