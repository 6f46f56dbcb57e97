import type { SlotStates } from '../container/slot-state.ts'
import { messageOf } from '../errors.ts'
import { hasLive } from '../fleet/pair-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { isUnreachable } from '../rollout/in-batches.ts'
import { otherSlot, type Slot } from '../swap/slot.ts'
import type { Opened } from '../swap/swap-target.ts'
import { sanitise } from '../text/sanitise.ts'
import { aliasResource } from './alias.ts'
import { introduceHosts } from './introduce.ts'
import { claimCommand, restCommand, restSeconds, WORK_SECONDS, workCommand } from './live-work.ts'
import type { PairTarget } from './pair-target.ts'

type Pairs = Opened<PairTarget>

/**
 * Moves what is live to the host that serves, and names that host by the alias. The other one has ended it before it
 * begins anew, or does not answer: then it is said what is not proven.
 */
export async function followLive(swap: Pairs, live: Slot): Promise<void> {
  if (swap.ctx.planOnly) return
  await moveWork(swap, live)
  await nameLive(swap, live)
  await introduceHosts(swap)
}

/** The same for a run that was cut off in the middle: live work that runs elsewhere than the traffic, or nowhere. */
export async function settleLiveWork(
  swap: Pairs,
  live: Slot,
  states: ReadonlyMap<string, SlotStates>,
): Promise<void> {
  const { ctx, target } = swap
  if (!hasLive(target.service)) return
  const works = (slot: Slot) => states.get(target.service.pair[slot])?.[slot].works
  const isLost = works(live) === false
  const isLeft = works(otherSlot(live)) === true
  if (!isLost && !isLeft) return
  const where = isLeft ? `runs on ${target.service.pair[otherSlot(live)]}` : 'runs nowhere'
  ctx.warn(
    `what is live of ${target.name} ${where}, and traffic goes to ${target.service.pair[live]}: put right`,
  )
  if (!ctx.planOnly) await moveWork(swap, live)
}

async function moveWork({ ctx, target }: Pairs, live: Slot): Promise<void> {
  const { name, service, hosts } = target
  if (!hasLive(service)) return
  const named = (slot: Slot) => hosts.find(host => host.name === service.pair[slot])
  const host = named(live)
  const other = named(otherSlot(live))
  if (other !== undefined) await rest(ctx, target, other)
  if (host === undefined) {
    ctx.warn(`what is live of ${name} runs nowhere: ${service.pair[live]} serves and does not answer`)
    return
  }
  if (other === undefined) await takeOver({ ctx, target }, host, otherSlot(live))
  await ctx.on(host).run(workCommand(name), { root: true, timeout: WORK_SECONDS * 1000 })
}

async function rest(ctx: Pairs['ctx'], { name, service }: PairTarget, host: FleetHost): Promise<void> {
  const { stdout } = await ctx
    .on(host)
    .run(restCommand(name, service), { root: true, timeout: restSeconds(service) * 1000 })
  for (const line of stdout.toString('utf8').split('\n')) {
    if (line.startsWith('killed ')) ctx.warn(`${sanitise(line)}: it did not end its work in time`, host)
  }
}

/**
 * Takes live work over from a host that did not answer when the run began. It may have booted since and gone on with it,
 * so it is asked once more when it can no longer be given leave to.
 */
async function takeOver(
  { ctx, target }: Pick<Pairs, 'ctx' | 'target'>,
  host: FleetHost,
  from: Slot,
): Promise<void> {
  const { name, service, away = [] } = target
  await ctx.on(host).run(claimCommand(name), { root: true, timeout: WORK_SECONDS * 1000 })
  const silent = away.find(each => each.name === service.pair[from])
  try {
    if (silent !== undefined) await rest(ctx, target, silent)
  } catch (error) {
    if (!isUnreachable(error)) throw error
    ctx.warn(
      `not proven: ${service.pair[from]} does not answer, so what is live of ${name} may still run there if it is only cut off. When it boots, it starts none of it`,
    )
  }
}

/** On all hosts that answer; one that does not gets it with the next thing that is brought there. */
async function nameLive({ ctx, target }: Pairs, live: Slot): Promise<void> {
  const resource = aliasResource(target, live)
  if (resource === undefined) return
  ctx.review?.follows([resource])
  const failed = (error: unknown) =>
    ctx.warn(
      `${target.service.pair.alias} is not yet ${target.service.pair[live]} everywhere: ${messageOf(error)}`,
    )
  await ctx.each(target.everyone, host => ctx.apply([resource], [host]).catch(failed)).catch(failed)
}
