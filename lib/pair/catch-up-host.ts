import { ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Swap } from '../swap/swap-target.ts'
import { slotOf } from './host-state.ts'
import type { PairTarget } from './pair-target.ts'

/** What a host of a pair is again. */
export interface BackInPair {
  readonly release: string
  readonly label: string
  /** Whether the proxies send requests to it. */
  readonly serves: boolean
}

/**
 * Brings a host back into its pair, as the proxies say: live work and the alias are where the traffic goes, here and
 * everywhere else. Its release stays: the idle host of a pair is the way back. For one that holds the service's leases.
 * Throws a ConfigError where no host of the pair serves, or both do.
 */
export async function catchUpHost(
  { ctx, target: { name, service }, slots, read }: Swap<PairTarget>,
  host: FleetHost,
): Promise<BackInPair> {
  const [{ live }, states] = await Promise.all([read(), slots.states()])
  if (live === undefined || live === 'mixed') {
    throw new ConfigError(
      live === 'mixed' ? `a flip of ${name} was cut off: both hosts take requests` : `${name} serves nothing`,
      { hint: `fleet deploy ${name}` },
    )
  }
  const slot = slotOf(service, host.name)
  const { release = 'none', label = 'no release' } = states.get(host.name)?.[slot].manifest ?? {}
  const serves = slot === live
  if (ctx.planOnly)
    ctx.note(`would be back in its pair, ${serves ? 'and serve' : 'idle'}, with ${label}`, host)
  await slots.follow(live)
  return { release, label, serves }
}
