import type { ContainerService } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import { frontDoor } from '../proxy/front-door.ts'
import { swapTarget } from './deploy-container.ts'
import { readQuarantine } from '../rollout/quarantine-store.ts'
import { messageOf } from '../errors.ts'
import { isPair, type PairService } from '../fleet/pair-model.ts'
import { pairTarget } from '../pair/pair-target.ts'
import { silentHosts } from '../pair/silent-hosts.ts'
import type { ContainerTarget, SwapTarget } from './swap-target.ts'
import type { SlottedService } from './target-of.ts'

/** A service with slots as far as its hosts can be had: of a pair those that answer, of containers those not in quarantine. */
export const presentTarget = (
  ctx: TaskContext,
  name: string,
  service: SlottedService,
): Promise<SwapTarget> =>
  isPair(service) ? presentPair(ctx, name, service) : presentContainers(ctx, name, service)

async function presentPair(ctx: TaskContext, name: string, service: PairService): Promise<SwapTarget> {
  const { hosts } = pairTarget(ctx, name, service, new Set())
  const silent = await silentHosts(ctx, hosts)
  for (const { error } of silent) ctx.warn(messageOf(error))
  const target = pairTarget(ctx, name, service, new Set(silent.map(({ host }) => host)))
  return { ...target, door: await frontDoor(ctx, service) }
}

/**
 * A container service without its hosts in quarantine, which are named in a warning. Only the proxies are asked: they
 * must answer anyway, and a dead host is not waited for.
 */
export async function presentContainers(
  ctx: TaskContext,
  name: string,
  service: ContainerService,
): Promise<ContainerTarget> {
  const { proxies } = swapTarget(ctx, name, service)
  const { records } = await readQuarantine(ctx, [name], proxies)
  const away = new Set((records.get(name)?.hosts ?? []).map(({ host }) => host))
  for (const host of ctx.allHosts.filter(each => away.has(each.name))) {
    ctx.warn(`in quarantine for ${name}: left out; fleet catch-up ${host.name}`, host)
  }
  return { ...swapTarget(ctx, name, service, away), door: await frontDoor(ctx, service) }
}
