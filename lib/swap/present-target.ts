import type { ContainerService } from '../fleet/model.ts'
import type { TaskContext } from '../task/context.ts'
import { frontDoor } from '../proxy/front-door.ts'
import { swapTarget } from './deploy-container.ts'
import { readQuarantine } from '../rollout/quarantine-store.ts'
import type { SwapTarget } from './swap-target.ts'

/**
 * A container service without its hosts in quarantine, which are named in a warning. Only the proxies are asked: they
 * must answer anyway, and a dead host is not waited for.
 */
export async function presentTarget(
  ctx: TaskContext,
  name: string,
  service: ContainerService,
): Promise<SwapTarget> {
  const { proxies } = swapTarget(ctx, name, service)
  const { records } = await readQuarantine(ctx, [name], proxies)
  const away = new Set((records.get(name)?.hosts ?? []).map(({ host }) => host))
  for (const host of ctx.allHosts.filter(each => away.has(each.name))) {
    ctx.warn(`in quarantine for ${name}: left out; fleet catch-up ${host.name}`, host)
  }
  return { ...swapTarget(ctx, name, service, away), door: await frontDoor(ctx, service) }
}
