import type { SlotStates } from '../container/slot-state.ts'
import { HealthError } from '../errors.ts'
import { ofSlot, flip, type ProxyView } from '../proxy/proxies.ts'
import { otherSlot, SLOTS, type Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'
import { isShort } from '../swarm/size.ts'

/**
 * The live slot. Where a flip was cut off, so that both slots take requests, one that is whole (running and healthy
 * on every host) is made the only one: `preferred` when it can be, the one with more servers otherwise.
 */
export async function settleLive(
  swap: Swap,
  view: ProxyView,
  states: ReadonlyMap<string, SlotStates>,
  preferred: (slot: Slot) => boolean,
): Promise<Slot | undefined> {
  if (view.live !== 'mixed') return view.live
  const whole = (slot: Slot): boolean =>
    swap.names(slot).every(name => states.get(name)?.[slot].running === true) &&
    !isShort(
      swap.target,
      ofSlot(view.servers, slot).filter(({ health }) => health !== 'up'),
    )
  const ready = (slot: Slot): number =>
    ofSlot(view.servers, slot).filter(({ admin }) => admin === 'ready').length
  const [best] = SLOTS.filter(whole).sort(
    (a, b) => Number(preferred(b)) - Number(preferred(a)) || ready(b) - ready(a),
  )
  if (best === undefined) {
    throw new HealthError('both slots take requests and neither is healthy on every host: not touched', {
      hint: 'fleet status',
    })
  }
  swap.ctx.warn(`a flip was cut off: both slots took requests; ${best} serves alone now`)
  if (!swap.ctx.planOnly) {
    await flip(swap.proxies, swap.names, best, otherSlot(best), { runId: swap.ctx.runId })
  }
  return best
}
