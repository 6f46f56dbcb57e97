import { ConfigError } from '../errors.ts'
import type { Resource } from '../resource/resource.ts'

/** In a list for `ctx.apply`: no host goes on before all hosts are done with what stands before it. */
export interface Barrier {
  readonly barrier: string
}

/** A barrier across hosts: `[...stores, barrier('stores are up'), ...workers]`. */
export const barrier = (title: string): Barrier => ({ barrier: title })

/** What a list for `ctx.apply` holds. */
export type Wanted = Resource | Barrier

/** What all hosts do before the next barrier. */
export interface Phase {
  /** The barrier that it begins after; undefined for the first. */
  readonly after: string | undefined
  /** By host name. */
  readonly resources: ReadonlyMap<string, readonly Resource[]>
}

/** What is not a barrier. */
export const isResource = (item: Wanted): item is Resource => !isBarrier(item)

const isBarrier = (item: Wanted): item is Barrier => 'barrier' in item

const barriersOf = (list: readonly Wanted[]): readonly string[] =>
  list.filter(isBarrier).map(item => item.barrier)

function split(list: readonly Wanted[]): readonly (readonly Resource[])[] {
  const parts: Resource[][] = [[]]
  for (const item of list) {
    if (isBarrier(item)) parts.push([])
    else parts.at(-1)?.push(item)
  }
  return parts
}

/**
 * Splits the hosts' lists at their barriers. Throws a ConfigError when they do not hold the same barriers in the same
 * order: some host would wait for ever.
 */
export function phasesOf(lists: ReadonlyMap<string, readonly Wanted[]>): readonly Phase[] {
  const all = [...lists].map(([host, list]) => ({ host, barriers: barriersOf(list), parts: split(list) }))
  const [first] = all
  const expected = first?.barriers ?? []
  const differing = all.filter(({ barriers }) => JSON.stringify(barriers) !== JSON.stringify(expected))
  if (first !== undefined && differing.length > 0) {
    const said = ({ host, barriers }: typeof first) =>
      `${host}: ${barriers.map(title => JSON.stringify(title)).join(', ') || 'none'}`
    throw new ConfigError('the hosts must have the same barriers in the same order', {
      issues: [first, ...differing].map(said),
    })
  }
  return [undefined, ...expected].map((after, index) => ({
    after,
    resources: new Map(all.map(({ host, parts }) => [host, parts[index] ?? []])),
  }))
}
