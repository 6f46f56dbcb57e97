import type { Said } from './output.ts'

/** How a command ended on one host. */
export interface Ended extends Said {
  readonly exitCode: number
}

/** Hosts where a command said the same and ended with the same exit code. */
export interface Group extends Ended {
  readonly hosts: readonly string[]
}

const keyOf = ({ exitCode, digest }: Ended): string => `${exitCode} ${digest}`

/**
 * Hosts that agree, in groups: the largest first, others by their first host. Hosts in a group are in the order of
 * `order`, whichever ended first.
 */
export class Fold {
  readonly #order: readonly string[]
  readonly #groups = new Map<string, { readonly ended: Ended; readonly hosts: Set<string> }>()

  constructor(order: readonly string[]) {
    this.#order = order
  }

  /** Gives back what the first host of its group said: the same, held once. */
  add(host: string, ended: Ended): Ended {
    const group = this.#groups.get(keyOf(ended))
    if (group === undefined) this.#groups.set(keyOf(ended), { ended, hosts: new Set([host]) })
    else group.hosts.add(host)
    return group?.ended ?? ended
  }

  groups(): readonly Group[] {
    const place = (group: Group) => this.#order.indexOf(group.hosts[0] ?? '')
    return [...this.#groups.values()]
      .map(({ ended, hosts }) => ({ ...ended, hosts: this.#order.filter(host => hosts.has(host)) }))
      .sort((a, b) => b.hosts.length - a.hosts.length || place(a) - place(b))
  }
}

/** What most hosts said: the largest group, unless it is one host only or another is as large. */
export function majorityOf(groups: readonly Group[]): Group | undefined {
  const [first, second] = groups
  if (first === undefined || first.hosts.length < 2) return undefined
  return second === undefined || second.hosts.length < first.hosts.length ? first : undefined
}
