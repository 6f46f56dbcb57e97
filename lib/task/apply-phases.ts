import type { EventSink } from '../events/event.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Resource } from '../resource/resource.ts'
import { phasesOf, type Wanted } from './barrier.ts'
import type { ApplyReport } from './context.ts'
import { eachHost } from './each.ts'

/**
 * Applies each host's list, host by host side by side, and waits for all of them at each barrier: when a host fails
 * before one, no host passes it. `apply` resolves with the ids of what was changed.
 */
export async function applyInPhases(
  hosts: readonly FleetHost[],
  listOf: (host: FleetHost) => readonly Wanted[],
  apply: (host: FleetHost, resources: readonly Resource[]) => Promise<readonly string[]>,
  options: { readonly concurrency: number; readonly signal: AbortSignal; readonly emit: EventSink },
): Promise<ApplyReport> {
  const phases = phasesOf(new Map(hosts.map(host => [host.name, listOf(host)])))
  const changed = new Map<string, readonly string[]>(hosts.map(({ name }) => [name, []]))
  for (const { after, resources } of phases) {
    if (after !== undefined) options.emit({ type: 'phase', title: `all hosts: ${after}` })
    // A host that has nothing to do after a barrier is not asked again.
    const busy = hosts.filter(({ name }) => after === undefined || (resources.get(name) ?? []).length > 0)
    const done = await eachHost(busy, host => apply(host, resources.get(host.name) ?? []), options)
    for (const [name, ids] of done) changed.set(name, [...(changed.get(name) ?? []), ...ids])
  }
  return { changed, total: [...changed.values()].reduce((sum, ids) => sum + ids.length, 0) }
}
