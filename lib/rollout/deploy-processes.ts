import { buffer } from 'node:stream/consumers'
import { UsageError } from '../errors.ts'
import type { ProcessService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { ApplyReport, TaskContext } from '../task/context.ts'
import type { RolloutBodies } from './bodies.ts'
import { settleKilled } from './killed.ts'
import { processResources } from './processes.ts'
import type { Release } from './release.ts'
import { resolveEnv } from './service-env.ts'

/**
 * Rolls a release of a process service out to the chosen hosts of its role. Migrations run on the role's first host, on
 * which a run of the others waits, since they may start code that needs them.
 */
export async function deployProcesses(
  ctx: TaskContext,
  name: string,
  service: ProcessService,
  release: Release,
  bodies: RolloutBodies,
): Promise<ApplyReport> {
  const hosts = ctx.hosts.filter(host => host.role === service.role)
  const [migrator] = ctx.allHosts.filter(host => host.role === service.role)
  if (service.migrate !== undefined && migrator !== undefined && !hosts.includes(migrator)) {
    throw new UsageError(`${name} is migrated on ${migrator.name}, which --on leaves out`, {
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
      env: { ...plain, RELEASE: release.id },
      migrates: host.name === migrator?.name,
      runService: bodies.runService(),
      runOnce: bodies.runOnce(),
    })
  const first = service.migrate === undefined ? [] : hosts.filter(host => host.name === migrator?.name)
  const rest = hosts.filter(host => !first.includes(host))
  const reports: ApplyReport[] = []
  if (first.length > 0) reports.push(await ctx.apply(resources, first))
  if (rest.length > 0) reports.push(await ctx.apply(resources, rest))
  const touched = hosts.filter(({ name: host }) => reports.some(report => report.changed.get(host)?.length))
  await settleKilled(ctx, name, service, touched)
  return {
    changed: new Map(
      hosts.map(({ name: host }) => [host, reports.flatMap(({ changed }) => changed.get(host) ?? [])]),
    ),
    total: reports.reduce((sum, report) => sum + report.total, 0),
  }
}
