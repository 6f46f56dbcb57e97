import { dockerEngine } from '../container/engine.ts'
import type { ContainerService, Service } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import { frontDoor } from '../proxy/front-door.ts'
import type { Release } from '../release/release.ts'
import { migrationsOf } from '../migration/migrations.ts'
import { resolveEnv, type ResolvedEnv } from '../rollout/service-env.ts'
import { deploy, type DeployReport } from './swap.ts'
import type { RolloutBodies } from '../rollout/bodies.ts'
import { serviceStores } from '../provision/service-stores.ts'
import { isPairTarget, type ContainerTarget, type SwapTarget } from './swap-target.ts'

/** A container service with the hosts it runs on and those that stand in front of it. `away` are in quarantine. */
export const swapTarget = (
  ctx: Pick<TaskContext, 'allHosts' | 'fleet'>,
  name: string,
  service: ContainerService,
  away: ReadonlySet<string> = new Set(),
): ContainerTarget => {
  const hosts = ctx.allHosts.filter(host => host.role === service.role)
  const backup = ctx.allHosts.find(host => host.name === migrationsOf(service).backup?.on)
  return {
    name,
    service,
    hosts: hosts.filter(host => !away.has(host.name)),
    away: hosts.filter(host => away.has(host.name)),
    proxies: ctx.allHosts.filter(host => host.role === service.proxy.role),
    ...(ctx.fleet.logs?.role === service.role ? { logs: ctx.fleet.logs.directory } : {}),
    ...(backup === undefined ? {} : { backup }),
  }
}

/** The environment in which a release of a service with slots runs. */
export async function containerEnv(
  ctx: Pick<TaskContext, 'allHosts' | 'secret'>,
  { env = {} }: Pick<Service, 'env'>,
  release: string,
): Promise<ResolvedEnv> {
  const resolved = await resolveEnv(env, { hosts: ctx.allHosts, secret: name => ctx.secret(name) })
  return { ...resolved, RELEASE: release }
}

/** Swaps a release into the idle slots of a service. */
export async function swapIn(
  ctx: TaskContext,
  target: SwapTarget,
  release: Release,
  bodies: RolloutBodies,
): Promise<DeployReport> {
  const { service } = target
  const outfit = isPairTarget(target)
    ? { bodies, stores: await serviceStores(ctx, target.service, bodies) }
    : undefined
  return deploy(ctx, {
    target: { ...target, ...(outfit === undefined ? {} : { outfit }), door: await frontDoor(ctx, service) },
    release,
    env: await containerEnv(ctx, service, release.id),
    engine: dockerEngine(),
    now: () => ctx.now(),
  })
}
