import { z } from 'zod'
import { failureLimitSchema, orderSchema } from '../fleet/rollout-schema.ts'
import type { HostCount, RolloutOrder } from '../fleet/rollout-model.ts'

const shareOf = (count: HostCount, total: number): number =>
  typeof count === 'number' ? count : (Number.parseInt(count, 10) * total) / 100

/** How many hosts a count means: shares are of all hosts and rounded up, and it is never none. */
const sizeOf = (count: HostCount, total: number): number => Math.max(1, Math.ceil(shareOf(count, total)))

/** How many failures are borne: shares are rounded down, since "at most 10 %" is meant. */
export const failuresBorne = (limit: HostCount, total: number): number => Math.floor(shareOf(limit, total))

/** The hosts in groups, in their own order. Shares are of all hosts, also of those that follow a canary. */
export function batches<T>(hosts: readonly T[], order: RolloutOrder): readonly (readonly T[])[] {
  const total = hosts.length
  const inGroups = (some: readonly T[], size: number): (readonly T[])[] =>
    some.length === 0 ? [] : [some.slice(0, size), ...inGroups(some.slice(size), size)]
  const inOrder = (some: readonly T[], by: 'all' | 'serial' | HostCount) =>
    inGroups(some, by === 'all' ? Math.max(1, total) : by === 'serial' ? 1 : sizeOf(by, total))
  if (typeof order === 'string') return inOrder(hosts, order)
  if ('batch' in order) return inOrder(hosts, order.batch)
  const canaries = sizeOf(order.canary, total)
  const first = hosts.slice(0, canaries)
  return first.length === 0 ? [] : [first, ...inOrder(hosts.slice(canaries), order.rest ?? 'all')]
}

/** As on the command line: `all`, `serial`, `2`, `25%`, `canary`, `canary:2`, `canary:1,rest:25%`. */
export function parseOrder(text: string): RolloutOrder | undefined {
  const countOf = (word: string) => (/^\d+$/.test(word) ? Number(word) : word)
  const [isCanary, first = '1', rest] = /^canary(?::([^:,]+))?(?:,rest:([^:,]+))?$/.exec(text) ?? []
  if (isCanary !== undefined) {
    const more = rest === undefined ? {} : { rest: countOf(rest) }
    return z.safeParse(orderSchema, { canary: countOf(first), ...more }).data
  }
  const isWord = text === 'all' || text === 'serial'
  return z.safeParse(orderSchema, isWord ? text : { batch: countOf(text) }).data
}

/** As on the command line: `2`, `10%`. */
export const parseFailureLimit = (text: string): HostCount | undefined =>
  z.safeParse(failureLimitSchema, /^\d+$/.test(text) ? Number(text) : text).data

/** The hosts whose failure ends a roll-out whatever else may be borne: canaries, and the one that migrates. */
export function neededHosts(
  hosts: readonly { readonly name: string }[],
  order: RolloutOrder,
  migrator: string | undefined,
): ReadonlySet<string> {
  const count = typeof order === 'object' && 'canary' in order ? sizeOf(order.canary, hosts.length) : 0
  const canaries = hosts.slice(0, count).map(({ name }) => name)
  return new Set([...(migrator === undefined ? [] : [migrator]), ...canaries])
}
