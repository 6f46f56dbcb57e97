import { buffer } from 'node:stream/consumers'
import { UsageError, type HostFailure } from '../errors.ts'
import type { ProcessService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { ApplyReport, TaskContext } from '../task/context.ts'
import type { RolloutBodies } from './bodies.ts'
import { markedHosts } from '../migration/migrated.ts'
import { LIVE } from '../pair/live-work.ts'
import { onceMark } from './once.ts'
import { inBatches } from './in-batches.ts'
import { batches, failuresBorne, neededHosts } from './order.ts'
import { checkProcessHealth } from './process-health.ts'
import { settleKilled } from './killed.ts'
import { migrationId, processResources } from './processes.ts'
import { processTurns } from './process-turns.ts'
import { letGoFiles } from '../release/let-go-files.ts'
import { backCommand } from '../release/release-before.ts'
import type { Release } from '../release/release.ts'
import { resolveEnv, shellEnvFile } from './service-env.ts'
import { strategyOf, type Strategy } from './strategy.ts'

export interface DeployProcessesOptions {
  /** As the fleet file says unless told. */
  readonly strategy?: Strategy
  /** Quarantined hosts, by name: nothing is brought there, and none of them migrates. */
  readonly away?: ReadonlySet<string>
  /** The other hosts have the release already: it was migrated for. */
  readonly isMigrated?: boolean
}

export interface ProcessesReport extends ApplyReport {
  /** Hosts that failed, no more than may. */
  readonly failed: readonly HostFailure[]
  /** Hosts that went away meanwhile and are to be quarantined. */
  readonly lost: readonly HostFailure[]
}

/**
 * Rolls a release of a process service out to the chosen hosts of its role, batch by batch, with its health command on
 * each host before it counts as done. Migrations run on the role's first host, once for the service whichever host it
 * was, and a run of the others waits on it, since they may start code that needs them. Throws a HostsFailedError that says where everything stands.
 */
export async function deployProcesses(
  ctx: TaskContext,
  name: string,
  service: ProcessService,
  release: Release,
  bodies: RolloutBodies,
  { strategy = strategyOf(service), away = new Set(), isMigrated = false }: DeployProcessesOptions = {},
): Promise<ProcessesReport> {
  const ofRole = ({ name: host, role }: FleetHost) => role === service.role && !away.has(host)
  const hosts = ctx.hosts.filter(ofRole)
  const present = ctx.allHosts.filter(ofRole)
  const absent = ctx.allHosts.filter(host => host.role === service.role && away.has(host.name))
  const isDue = service.migrate !== undefined && !isMigrated
  const mark = onceMark(migrationId(name, release.id))
  const marked = isDue ? await markedHosts(ctx, present, absent, mark) : []
  const [migrator] = present
  const migrates = isDue && marked.length === 0 ? migrator?.name : undefined
  if (migrates !== undefined && hosts.every(host => host.name !== migrates)) {
    throw new UsageError(`${name} is migrated on ${migrates}, which --on leaves out`, {
      hint: `fleet deploy ${name}`,
    })
  }
  const archive = await buffer(release.archive())
  const plain = await resolveEnv(service.env ?? {}, {
    hosts: ctx.allHosts,
    secret: secret => ctx.secret(secret),
  })
  const resources = (host: FleetHost) =>
    processResources({
      fleet: ctx.fleet.name,
      name,
      service,
      release,
      archive,
      env: shellEnvFile({ ...plain, RELEASE: release.id }),
      migrates: host.name === migrates,
      runService: bodies.runService(),
      runOnce: bodies.runOnce(),
      runLive: bodies.runLive({ folder: LIVE }),
    })
  if (ctx.planOnly) return { ...(await ctx.apply(resources, hosts)), failed: [], lost: [] }

  const first = hosts.filter(host => host.name === migrates)
  const inOrder = [...first, ...hosts.filter(host => !first.includes(host))]
  const [group = [], ...groups] = batches(inOrder, strategy.order)
  const rest = group.slice(first.length)
  const plan = {
    what: `${release.label} (${release.id})`,
    groups: [first, rest, ...groups].filter(({ length }) => length > 0),
    needed: neededHosts(inOrder, strategy.order, migrates),
    borne: failuresBorne(strategy.maxFailures, hosts.length),
    pauseSeconds: strategy.pauseSeconds,
    unreachable: strategy.unreachable,
    back: (waiting: readonly string[]) =>
      backCommand(
        ctx,
        name,
        release.label,
        hosts.find(host => waiting.includes(host.name)),
      ),
  }
  const touched: FleetHost[] = []
  /** However the roll-out ends, nobody is left stranded by a worker that it has killed. */
  const settled = async <T>(rolling: Promise<T>): Promise<T> => {
    const settle = () => settleKilled(ctx, name, service, touched)
    // What went wrong first is what has to be told.
    await rolling.catch(() => settle().catch(() => undefined))
    const report = await rolling
    await settle()
    return report
  }
  const turns = await processTurns(ctx, name, service, hosts, away)
  const bring = async (host: FleetHost): Promise<readonly string[]> => {
    const { changed } = await ctx.apply(resources, [host]).catch((error: unknown) => {
      touched.push(host)
      throw error
    })
    const ids = changed.get(host.name) ?? []
    if (ids.length > 0) touched.push(host)
    await checkProcessHealth(ctx, host, name, service)
    return ids
  }
  const work = (host: FleetHost) => turns.take(host, resources(host), () => bring(host))
  const { done, failed, away: lost } = await settled(inBatches(ctx, plan, work))
  await turns.exclude(lost.map(({ host }) => host))
  const changed = new Map(hosts.map(host => [host.name, done.get(host.name) ?? []]))
  const total = [...changed.values()].reduce((sum, ids) => sum + ids.length, 0)
  // What all hosts share is known only where all of them were asked.
  if (total > 0 && done.size === present.length) await letGoFiles(ctx, name, service, present)
  return { changed, total, failed, lost }
}
