import { CommandError, ConfigError, HostsFailedError, LoginRefusedError } from '../errors.ts'
import type { PairService } from '../fleet/pair-model.ts'
import { proxyOf } from '../proxy/proxy-of.ts'
import { readProxies } from '../proxy/proxies.ts'
import { slotHosts } from '../swap/slot-hosts.ts'
import type { Slot } from '../swap/slot.ts'
import type { TaskContext } from '../task/context.ts'
import { pairTarget } from './pair-target.ts'

/** Proxies that are bare, or know nothing of the service, serve nothing: before the first deploy. */
const isFresh = (error: unknown): boolean =>
  error instanceof HostsFailedError
    ? error.failures.every(failure => isFresh(failure.error))
    : error instanceof LoginRefusedError || error instanceof ConfigError || error instanceof CommandError

/** The slot that the proxies of a pair send users to; undefined where none takes them, or both do. */
export async function liveHostOf(
  ctx: Pick<TaskContext, 'allHosts' | 'fleet' | 'on'>,
  name: string,
  service: PairService,
): Promise<Slot | undefined> {
  const target = pairTarget(ctx, name, service, new Set())
  const proxies = target.proxies.map(host => proxyOf(ctx.on(host), name, service))
  try {
    const { live } = await readProxies(proxies, slot => slotHosts(target, slot))
    return live === 'mixed' ? undefined : live
  } catch (error) {
    if (isFresh(error)) return undefined
    throw error
  }
}
