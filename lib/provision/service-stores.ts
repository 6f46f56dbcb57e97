import { openPorts } from '../fleet/ports.ts'
import type { ProcessService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Resource } from '../resource/resource.ts'
import type { Secret } from '../shell/secret.ts'
import type { TaskContext } from '../task/context.ts'
import type { RolloutBodies } from '../rollout/bodies.ts'
import { storeResources, type StoreBodies } from './stores.ts'

/** The addresses that may connect to the stores of a host, those of its own fleet only. */
const clientsOf = (ctx: TaskContext, host: FleetHost): readonly string[] =>
  [...new Set(openPorts(ctx.fleet, host, ctx.allHosts).flatMap(({ from = [] }) => from))].toSorted()

const storeBodies = (ctx: TaskContext, host: FleetHost, bodies: RolloutBodies): StoreBodies => ({
  postgresListen: bodies.postgresListen({ address: host.address }),
  postgresHba: bodies.postgresHba({ clients: [...clientsOf(ctx, host), host.address] }),
  rabbitmqConfig: bodies.rabbitmqConfig({ address: host.address }),
  rabbitmqEnvironment: bodies.rabbitmqEnvironment(),
  epmdSocket: bodies.epmdSocket(),
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

/** The stores of a service, by host. */
export async function serviceStores(
  ctx: TaskContext,
  service: ProcessService,
  bodies: RolloutBodies,
): Promise<(host: FleetHost) => readonly Resource[]> {
  const passwords = await storePasswords(ctx, service)
  return host => storeResources(service, storeBodies(ctx, host, bodies), passwords)
}
