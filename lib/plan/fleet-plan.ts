import { firstContact } from '../provision/first-contact.ts'
import type { Release } from '../release/release-model.ts'
import { serviceRelease } from '../release/service-release.ts'
import type { TaskContext } from '../task/context.ts'
import { containerChanges } from './containers.ts'
import { hashOf, planOneHost, type PlannedHost } from './host-plan.ts'
import { swarmChanges } from './swarms.ts'
import { fleetWanted, type FleetWanted, type PlanBodies } from './wanted.ts'

/** What would change, host by host, and what was decided for it. */
export interface FleetPlan {
  /** In the order of the fleet; a host that is as wanted has no changes. */
  readonly hosts: ReadonlyMap<string, PlannedHost>
  readonly releases: ReadonlyMap<string, Release>
  readonly wanted: FleetWanted
}

/** The release of each service: what `ref` names, or the source as it stands. */
export async function planReleases(
  ctx: TaskContext,
  ref: string | undefined,
): Promise<ReadonlyMap<string, Release>> {
  const services = Object.entries(ctx.fleet.services)
  const releases = await Promise.all(
    services.map(([name, service]) => serviceRelease(ctx, name, service, ref, { uncommitted: 'leave' })),
  )
  return new Map(services.flatMap(([name], index) => [[name, releases[index]]] as const).filter(isFound))
}

const isFound = (entry: readonly [string, Release | undefined]): entry is readonly [string, Release] =>
  entry[1] !== undefined

/**
 * Everything that provision and deploy would change on the chosen hosts, without changing anything: two executions a
 * host, and one for each container service's proxies and hosts.
 */
export async function planFleet(
  ctx: TaskContext,
  { release: ref, bodies }: { readonly release: string | undefined; readonly bodies: PlanBodies },
): Promise<FleetPlan> {
  const releases = await planReleases(ctx, ref)
  const wanted = await fleetWanted(ctx, ctx.allHosts, releases, bodies)
  const planned = ctx.each(ctx.hosts, async host =>
    planOneHost(await firstContact(ctx, host), wanted.of(host), ctx),
  )
  // A dead host is told with all others, by its name, before what could not be asked for because of it.
  const after = async (error: unknown) => {
    await planned
    throw error
  }
  const [byHost, containers, swarms] = await Promise.all([
    planned,
    containerChanges(ctx, releases).catch(after),
    swarmChanges(ctx).catch(after),
  ])
  const hosts = new Map<string, PlannedHost>()
  for (const host of ctx.hosts) {
    const found = byHost.get(host.name)
    if (found === undefined) continue
    const slots = [...containers.values()].flatMap(each =>
      each.hosts.includes(host.name) ? [each.change] : [],
    )
    const changes = [...found.changes, ...(swarms.get(host.name) ?? []), ...slots]
    hosts.set(host.name, { ...found, changes, hash: hashOf(changes, found.plan) })
  }
  return { hosts, releases, wanted }
}

/** Shows what is planned on each host, for renderers to group: as a result, unless it is about to be done. */
export function showPlan(
  ctx: Pick<TaskContext, 'emit'>,
  hosts: FleetPlan['hosts'],
  { isResult = true } = {},
): void {
  for (const [host, { changes, notes }] of hosts)
    ctx.emit({ type: 'host-planned', host, changes, notes, ...(isResult ? { isResult } : {}) })
}

/** How much a plan is: `12 changes on 2 of 7 hosts`. */
export function planSummary(hosts: ReadonlyMap<string, Pick<PlannedHost, 'changes'>>): {
  readonly total: number
  readonly text: string
} {
  const lists = [...hosts.values()].map(({ changes }) => changes.length)
  const total = lists.reduce((sum, count) => sum + count, 0)
  const busy = lists.filter(count => count > 0).length
  const of = `${hosts.size} ${hosts.size === 1 ? 'host' : 'hosts'}`
  const text =
    total === 0
      ? `nothing to do: ${of} as wanted`
      : `${total} ${total === 1 ? 'change' : 'changes'} on ${busy} of ${of}`
  return { total, text }
}
