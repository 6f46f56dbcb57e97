import { buffer } from 'node:stream/consumers'
import { openPorts } from '../fleet/ports.ts'
import type { ProcessService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Secret } from '../shell/secret.ts'
import type { ApplyReport, TaskContext } from '../task/context.ts'
import type { RolloutBodies } from './bodies.ts'
import { processResources } from './processes.ts'
import type { Release } from './release.ts'
import { resolveEnv } from './service-env.ts'
import { storeResources, type StoreBodies } from './stores.ts'

/** The addresses that may connect to the stores of a host, those of its own fleet only. */
const clientsOf = (ctx: TaskContext, host: FleetHost): readonly string[] =>
  [...new Set(openPorts(ctx.fleet, host, ctx.allHosts).flatMap(({ from = [] }) => from))].toSorted()

const storeBodies = (ctx: TaskContext, host: FleetHost, bodies: RolloutBodies): StoreBodies => ({
  postgresListen: bodies.postgresListen({ address: host.address }),
  postgresHba: bodies.postgresHba({ clients: [...clientsOf(ctx, host), host.address] }),
  rabbitmqConfig: bodies.rabbitmqConfig({ address: host.address }),
  rabbitmqEnvironment: bodies.rabbitmqEnvironment(),
})

async function storePasswords(ctx: TaskContext, service: ProcessService): Promise<Record<string, Secret>> {
  const users = [
    ...Object.values(service.postgres?.roles ?? {}),
    ...Object.values(service.rabbitmq?.users ?? {}),
  ]
  const names = [...new Set(users.map(({ password }) => password))]
  return Object.fromEntries(
    await Promise.all(names.map(async name => [name, await ctx.secret(name)] as const)),
  )
}

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
  const archive = await buffer(release.archive())
  const passwords = await storePasswords(ctx, service)
  const plain = await resolveEnv(service.env ?? {}, {
    hosts: ctx.allHosts,
    secret: secret => ctx.secret(secret),
  })
  const resources = (host: FleetHost) => [
    ...storeResources(service, storeBodies(ctx, host, bodies), passwords),
    ...processResources({
      name,
      service,
      release,
      archive,
      env: { ...plain, RELEASE: release.id },
      migrates: host.name === migrator?.name,
      runService: bodies.runService(),
    }),
  ]
  const first = service.migrate === undefined ? [] : hosts.filter(host => host.name === migrator?.name)
  const rest = hosts.filter(host => !first.includes(host))
  const reports = []
  if (first.length > 0) reports.push(await ctx.apply(resources, first))
  if (rest.length > 0) reports.push(await ctx.apply(resources, rest))
  return {
    changed: new Map(reports.flatMap(report => [...report.changed])),
    total: reports.reduce((sum, report) => sum + report.total, 0),
  }
}
