import { ConfigError, HostsFailedError, type HostFailure } from '../errors.ts'
import type { ProcessService, Service } from '../fleet/model.ts'
import { isPair } from '../fleet/pair-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import type { RolloutBodies } from './bodies.ts'
import { catchUpHost } from '../pair/catch-up-host.ts'
import { pairTarget } from '../pair/pair-target.ts'
import { catchUpContainer } from '../swap/catch-up-container.ts'
import { openSwap } from '../swap/swap-target.ts'
import { swapTarget } from '../swap/deploy-container.ts'
import { deployProcesses } from './deploy-processes.ts'
import { applyFoundation } from '../provision/foundation.ts'
import { peerRelease } from '../release/peer-release.ts'
import { withoutHost, type Quarantine } from './quarantine.ts'
import { leasesOn, takeLeases } from '../lease/lease.ts'
import { keepers, readQuarantine, writeQuarantine } from './quarantine-store.ts'
import { strategyOf } from './strategy.ts'
import { setUpSwarms } from '../swarm/set-up-roles.ts'

/** A host that is back in a service. */
export interface CaughtUp {
  readonly host: string
  readonly service: string
  readonly release: string
  readonly label: string
  /** Of a pair's host alone: whether the proxies send requests to it. */
  readonly serves?: boolean
}

export interface CatchUpReport {
  readonly caughtUp: readonly CaughtUp[]
  /** In quarantine before. */
  readonly quarantined: number
}

/**
 * Brings hosts out of quarantine: to the release that the others run by now, checked, and back into the proxies. Throws a
 * HostsFailedError for those that still cannot be reached, after the others are done; to them nothing is done.
 */
export async function catchUp(
  ctx: TaskContext,
  wanted: readonly FleetHost[],
  bodies: RolloutBodies,
): Promise<CatchUpReport> {
  const services = Object.entries(ctx.fleet.services)
  const asked = ctx.allHosts.filter(host =>
    services.some(([, service]) => keepers([host], service).length > 0),
  )
  const { records, answered, failures } = await readQuarantine(
    ctx,
    services.map(([name]) => name),
    asked,
  )
  if (answered.size === 0 && failures.length > 0) throw new HostsFailedError(failures, asked.length)
  const inQuarantine = (host: FleetHost): boolean =>
    [...records.values()].some(record => record.hosts.some(entry => entry.host === host.name))
  const hosts = wanted.filter(inQuarantine)
  const silent = await unreachable(ctx, hosts)
  const caughtUp: CaughtUp[] = []
  for (const [name, service] of services) {
    const back = hosts.filter(
      host =>
        records.get(name)?.hosts.some(entry => entry.host === host.name) === true &&
        silent.every(failure => failure.host !== host.name),
    )
    if (back.length === 0) continue
    const held = keepers(ctx.allHosts, service).filter(host => answered.has(host.name) || back.includes(host))
    await using _leases = await takeLeases(ctx, leasesOn(held, name))
    // Another run may have written it until the leases were ours.
    let record = (await readQuarantine(ctx, [name], asked)).records.get(name)
    for (const host of back) {
      if (record === undefined || record.hosts.every(entry => entry.host !== host.name)) continue
      const returning = { name, service, host, record, answered }
      const brought = await bringBack(ctx, returning, bodies)
      if (ctx.planOnly) continue
      record = await strike(ctx, returning)
      caughtUp.push({ host: host.name, service: name, ...brought })
    }
  }
  if (silent.length > 0) throw new HostsFailedError(silent, hosts.length, { standing: STILL })
  return { caughtUp, quarantined: hosts.length }
}

const STILL = 'still in quarantine: nothing was done to it'

/** The hosts that do not let us in, with the reason. */
async function unreachable(ctx: TaskContext, hosts: readonly FleetHost[]): Promise<readonly HostFailure[]> {
  const answers = await ctx.each(hosts, host =>
    ctx
      .on(host)
      .read(sh`true`, { root: true })
      .then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      ),
  )
  return [...answers].flatMap(([host, error]) => (error === undefined ? [] : [{ host, error }]))
}

/** A host that is to come back into a service. */
interface Returning {
  readonly name: string
  readonly service: Service
  readonly host: FleetHost
  readonly record: Quarantine
  /** Hosts that answer, by name. */
  readonly answered: ReadonlySet<string>
}

const awayIn = (record: Quarantine): ReadonlySet<string> => new Set(record.hosts.map(({ host }) => host))

async function bringBack(
  ctx: TaskContext,
  { name, service, host, record, answered }: Returning,
  bodies: RolloutBodies,
): Promise<Omit<CaughtUp, 'host' | 'service'>> {
  const away = awayIn(record)
  const peers = ctx.allHosts.filter(
    ({ name: peer, role }) => role === service.role && !away.has(peer) && answered.has(peer),
  )
  if (peers.length === 0) {
    throw new ConfigError(`no other host of ${name} answers: there is nothing to catch up with`, {
      host: host.name,
      hint: 'fleet status',
    })
  }
  ctx.phase(`catch up ${host.name} with ${name}`)
  await applyFoundation({ ...ctx, hosts: [host] }, [service], bodies)
  if (isPair(service)) {
    const silent = new Set(ctx.allHosts.flatMap(({ name: each }) => (answered.has(each) ? [] : [each])))
    silent.delete(host.name)
    return catchUpHost(openSwap(ctx, pairTarget(ctx, name, service, silent)), host)
  }
  await setUpSwarms(ctx, [service], [...peers, host])
  return service.kind === 'processes'
    ? catchUpProcesses(ctx, name, service, host, peers, bodies)
    : catchUpContainer(ctx, swapTarget(ctx, name, service), host, peers, () => ctx.now())
}

/** Strikes a host off the record, on all hosts that keep it and on the host itself. */
async function strike(ctx: TaskContext, { service, host, record, answered }: Returning): Promise<Quarantine> {
  const away = awayIn(record)
  const next = withoutHost(record, host.name)
  const keep = keepers(ctx.allHosts, service).filter(
    ({ name }) => name === host.name || (answered.has(name) && !away.has(name)),
  )
  await writeQuarantine(ctx, next, keep)
  return next
}

async function catchUpProcesses(
  ctx: TaskContext,
  name: string,
  service: ProcessService,
  host: FleetHost,
  peers: readonly FleetHost[],
  bodies: RolloutBodies,
): Promise<{ readonly release: string; readonly label: string }> {
  const release = await peerRelease(ctx, name, peers)
  const strategy = { ...strategyOf(service), order: 'all', maxFailures: 0, unreachable: 'fail' } as const
  const options = { strategy, isMigrated: true }
  await deployProcesses({ ...ctx, hosts: [host] }, name, service, release, bodies, options)
  return { release: release.id, label: release.label }
}
