import { LeaseHeldError, messageOf } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { TaskContext } from '../task/context.ts'
import { formatAge } from '../text/duration.ts'
import type { Transport } from '../transport/transport.ts'
import { hold, type Held, type HoldResult } from './lease-hold.ts'
import type { Holder } from './lease-script.ts'

/** What a run must have for itself on one host: services, or `host`. */
export interface Lease {
  readonly host: FleetHost
  readonly names: readonly string[]
}

export interface LeaseOptions {
  /** Where the lease files lie: owned by root, and gone after a restart. An absolute path. */
  readonly folder?: string
  /** How to reach a host, for one that has no login of ours yet. */
  readonly open?: (host: FleetHost) => Promise<Transport>
}

/** What leases need of a run. */
export type LeaseContext = Pick<
  TaskContext,
  | 'on'
  | 'each'
  | 'note'
  | 'warn'
  | 'signal'
  | 'runId'
  | 'owner'
  | 'message'
  | 'wait'
  | 'planOnly'
  | 'abandon'
  | 'leases'
>

/** The same names on several hosts. */
export const leasesOn = (hosts: readonly FleetHost[], ...names: readonly string[]): readonly Lease[] =>
  hosts.map(host => ({ host, names }))

function closeQuietly(transport: Transport): void {
  transport.close().catch(() => undefined)
}

const keyOf = (host: FleetHost, name: string): string => `${host.name}/${name}`

/** Each host once, its names in order, without those that the run holds already. Hosts in the order of their names. */
function wanted(leases: readonly Lease[], mine: ReadonlySet<string>): readonly Lease[] {
  const byHost = new Map<string, { host: FleetHost; names: Set<string> }>()
  for (const { host, names } of leases) {
    const entry = byHost.get(host.name) ?? { host, names: new Set<string>() }
    for (const name of names) if (!mine.has(keyOf(host, name))) entry.names.add(name)
    byHost.set(host.name, entry)
  }
  return [...byHost.values()]
    .filter(({ names }) => names.size > 0)
    .map(({ host, names }) => ({ host, names: [...names].toSorted() }))
    .toSorted((a, b) => (a.host.name < b.host.name ? -1 : 1))
}

/**
 * Takes `leases` for this run alone, one execution for each host, and gives them back when disposed of. They live as long
 * as we are heard: when this process dies, the network is cut or the host restarts, they are free within seconds, and
 * nothing is ever to be cleaned up. A run may ask again for what it holds. With `--plan` nothing is held.
 *
 * A host whose lease is lost is abandoned: everything that is asked of it from then on fails. Throws LeaseHeldError naming who holds it, after `ctx.wait`;
 * HostsFailedError when hosts cannot be reached: then none is held.
 */
export async function takeLeases(
  ctx: LeaseContext,
  leases: readonly Lease[],
  options: LeaseOptions = {},
): Promise<AsyncDisposable> {
  const due = ctx.planOnly ? [] : wanted(leases, ctx.leases ?? new Set())
  const keys = due.flatMap(({ host, names }) => names.map(name => keyOf(host, name)))
  const held = new Map<Lease, Held>()
  const letGo = async () => {
    for (const key of keys) ctx.leases?.delete(key)
    await release(held, due)
  }
  try {
    await takeAll(ctx, due, held, options)
  } catch (error) {
    await letGo()
    throw error
  }
  for (const key of keys) ctx.leases?.add(key)
  return { [Symbol.asyncDispose]: letGo }
}

/** Does `work` while this run alone holds `leases`. */
export async function withLeases<T>(
  ctx: LeaseContext,
  leases: readonly Lease[],
  work: () => Promise<T>,
  options: LeaseOptions = {},
): Promise<T> {
  await using _held = await takeLeases(ctx, leases, options)
  return await work()
}

async function release(held: Map<Lease, Held>, some: readonly Lease[]): Promise<void> {
  await Promise.all(some.flatMap(lease => held.get(lease)?.release() ?? []))
  for (const lease of some) held.delete(lease)
}

/**
 * The first host decides between runs that want the same hosts: the one that gets it gets the rest, side by side. When
 * one of those is busy and may be waited for, everything behind it in the order is let go first: nobody ever waits for a
 * host while holding a later one, so that runs cannot wait for each other in a circle.
 */
async function takeAll(
  ctx: LeaseContext,
  due: readonly Lease[],
  held: Map<Lease, Held>,
  { folder = '/run/fleetfile', open = host => ctx.on(host).transport() }: LeaseOptions,
): Promise<void> {
  const until = performance.now() + ctx.wait
  const transports = await ctx.each(
    due.map(({ host }) => host),
    open,
  )
  const take = async (lease: Lease, wait: number): Promise<Holder | undefined> => {
    const transport = transports.get(lease.host.name)
    if (transport === undefined) throw new TypeError(`no connection to ${lease.host.name}`)
    const told = new Set<string>()
    const result: HoldResult = await hold(transport, lease.names, {
      ...claim(ctx),
      folder,
      wait,
      signal: ctx.signal,
      onLost(error) {
        ctx.abandon(lease.host, error)
        ctx.warn(messageOf(error))
        // What still runs there over this connection fails now, not when somebody finds out that nothing arrives.
        closeQuietly(transport)
      },
      onWait(holder) {
        if (told.has(holder.run)) return
        told.add(holder.run)
        ctx.note(`waiting for ${described(holder)}`, lease.host)
      },
    })
    if ('busy' in result) return result.busy
    held.set(lease, result.held)
    return undefined
  }
  for (let next = due.find(lease => !held.has(lease)); next !== undefined;) {
    const wait = Math.max(0, Math.ceil(until - performance.now()))
    const holder = await take(next, ctx.wait > 0 ? Math.max(1, wait) : 0)
    if (holder !== undefined) throw heldError(next.host, holder)
    const rest = due.filter(lease => !held.has(lease))
    const refused = await takeSome(ctx, rest, lease => take(lease, 0))
    const [busy] = due.filter(lease => refused.has(lease))
    if (busy === undefined) return
    const by = refused.get(busy)
    if (ctx.wait === 0 && by !== undefined) throw heldError(busy.host, by)
    await release(held, due.slice(due.indexOf(busy) + 1))
    next = busy
  }
}

/** Takes what is free. The holders of what is not. */
async function takeSome(
  ctx: LeaseContext,
  some: readonly Lease[],
  take: (lease: Lease) => Promise<Holder | undefined>,
): Promise<ReadonlyMap<Lease, Holder>> {
  const refused = new Map<Lease, Holder>()
  const byName = new Map(some.map(lease => [lease.host.name, lease]))
  await ctx.each(
    some.map(({ host }) => host),
    async host => {
      const lease = byName.get(host.name)
      const holder = lease === undefined ? undefined : await take(lease)
      if (lease !== undefined && holder !== undefined) refused.set(lease, holder)
    },
  )
  return refused
}

const claim = ({ owner, runId, message }: LeaseContext) => ({
  owner,
  runId,
  ...(message === undefined ? {} : { message }),
})

const described = ({ name, owner, run, since, message }: Holder): string =>
  `${owner || 'somebody'}, who holds ${name} (run ${run || 'unknown'}, since ${since || 'just now'}${message === '' ? '' : `, "${message}"`})`

function heldError(host: FleetHost, { name, owner, run, since, message, silent }: Holder): LeaseHeldError {
  const heard = silent === undefined ? '' : `, last heard of ${formatAge(silent * 1000)} ago`
  const why = message === '' ? '' : `: ${message}`
  // It stands in a command to type: anything but a run's id is left out.
  const known = /^[0-9A-Za-z-]{1,64}$/.test(run)
  return new LeaseHeldError(
    `${name} is held by ${owner || 'somebody'} (run ${run || 'unknown'}, since ${since || 'just now'}${heard})${why}`,
    {
      host: host.name,
      hint: known
        ? `fleet show ${run}, or fleet abort ${run}, or the same command with --wait 5m`
        : 'the same command with --wait 5m',
    },
  )
}
