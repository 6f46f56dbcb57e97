import { HealthError } from '../errors.ts'
import { throwIfAborted } from '../rollout/pause.ts'
import type { ProxyView } from './proxies.ts'
import type { Slot } from '../swap/slot.ts'
import type { Swap } from '../swap/swap-target.ts'

interface Expecting extends Pick<Swap, 'read'> {
  readonly ctx: Pick<Swap['ctx'], 'signal'>
  readonly target: Pick<Swap['target'], 'name'>
}

/**
 * Reads the proxies once more, right before they are told something that rests on what serves. Throws when that is no
 * longer `live`: somebody has flipped by hand, or from a version that takes no lease.
 */
export async function expectLive(
  { ctx, target, read }: Expecting,
  live: Slot | undefined,
): Promise<ProxyView> {
  throwIfAborted(ctx.signal)
  const view = await read()
  if (view.live === live) return view
  const serves = view.live === 'mixed' ? 'both slots take' : `${view.live ?? 'no slot'} takes`
  throw new HealthError(
    `${serves} the requests of ${target.name} now, not ${live ?? 'none'} as when this run began: somebody else changed it, nothing was flipped`,
    { hint: 'fleet status' },
  )
}
