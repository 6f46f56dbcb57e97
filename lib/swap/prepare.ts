import { foldFailures } from '../container/unhealthy.ts'
import { containerName } from '../container/slot.ts'
import type { SlotStates } from '../container/slot-state.ts'
import {
  FleetError,
  HealthError,
  HostsFailedError,
  TimeoutError,
  messageOf,
  type HostFailure,
} from '../errors.ts'
import { waitDrained } from '../proxy/drain.ts'
import { expectLive } from '../proxy/expect-live.ts'
import { healthPath } from '../proxy/health-path.ts'
import { ofSlot, setSlot } from '../proxy/proxies.ts'
import type { HistoryEntry } from '../release/history-entry.ts'
import { pause } from '../rollout/pause.ts'
import { isShort } from '../swarm/size.ts'
import { disarm } from './finish.ts'
import type { Slot } from './slot.ts'
import type { Manifests } from './slots.ts'
import type { Swap } from './swap-target.ts'

/** How long the proxies may take to see a slot as healthy that its own host has found healthy. */
const PROXY_SECONDS = 15

/**
 * Makes sure that nothing talks to a slot that is to be replaced, and takes it out of the proxies' checks. A stream
 * that still runs there is not cut off: it is an error that says where. `live` is what is to serve meanwhile.
 */
export async function clearSlot(
  swap: Swap,
  slot: Slot,
  live: Slot | undefined,
  states: ReadonlyMap<string, SlotStates>,
  manifests: Manifests,
): Promise<void> {
  const stale = swap.target.hosts.flatMap(host => {
    const manifest = manifests.get(host.name)
    const state = states.get(host.name)?.[slot]
    if (!swap.names(slot).includes(host.name)) return []
    const same = manifest !== undefined && state?.run === swap.slots.runOf(slot, host, manifest)
    return same && state.running ? [] : [host.name]
  })
  if (stale.length === 0) return
  const { limits, ctx } = swap
  await expectLive(swap, live)
  const left = await waitDrained(swap.read, slot, limits.drainSeconds, ctx.signal)
  if (left.open > 0) {
    throw new TimeoutError(
      `${left.servers.join(', ')} still ${left.open === 1 ? 'serves 1 request' : `serve ${left.open} requests`} of the release before: not replaced`,
      { hint: 'wait for them to end, then run the same command again' },
    )
  }
  await expectLive(swap, live)
  await setSlot(swap.proxies, stale, slot, 'maint')
}

/**
 * Starts a slot on all hosts and returns when each host and each proxy finds it healthy. On any failure the slot is
 * removed everywhere; whoever uses the service has seen nothing of it. `next` is what the history will say.
 */
export async function prepareSlot(
  swap: Swap,
  slot: Slot,
  manifests: Manifests,
  next?: HistoryEntry,
): Promise<void> {
  const { ctx } = swap
  await disarm(swap, slot, next)
  try {
    await swap.slots.start(slot, manifests)
    await checkSeen(swap, slot, manifests)
  } catch (error) {
    if (ctx.signal.aborted) throw error
    await removeSlot(swap, slot, manifests)
    throw unhealthy(error, swap.names(slot).length)
  }
}

/** Returns when each proxy finds a slot healthy that its hosts have found healthy. */
export async function checkSeen(swap: Swap, slot: Slot, manifests: Manifests): Promise<void> {
  await setSlot(swap.proxies, swap.names(slot), slot, 'drain', healthOf(swap, manifests))
  await waitSeen(swap, slot)
}

/** The path that the proxies ask of the slot from now on: that of its release, not that of the one beside it. */
const healthOf = ({ target: { service } }: Swap, manifests: Manifests): string =>
  [...manifests.values()][0]?.health ?? healthPath(service)

async function waitSeen({ read, ctx, target }: Swap, slot: Slot): Promise<void> {
  const started = performance.now()
  for (;;) {
    const servers = ofSlot((await read()).servers, slot)
    const unseen = servers.filter(({ health }) => health !== 'up')
    if (!isShort(target, unseen)) return
    if (performance.now() - started > PROXY_SECONDS * 1000) {
      const list = unseen.map(({ name, check }) => `${name} (${check || 'not checked'})`).join(', ')
      throw new HealthError(`healthy on its host, but not as the proxy sees it: ${list}`, {
        hint: 'is the slot port open from the proxy to the host? fleet provision sets the firewall',
      })
    }
    await pause(300, ctx.signal)
  }
}

/** Takes a slot away that never served. What fails here is said, not thrown: there is a better error on its way. */
async function removeSlot(swap: Swap, slot: Slot, manifests: Manifests): Promise<void> {
  const { ctx, target, proxies } = swap
  try {
    await setSlot(proxies, swap.names(slot), slot, 'maint')
    await swap.slots.remove(slot, manifests)
  } catch (error) {
    ctx.warn(`could not remove ${containerName(target.name, slot)}: ${messageOf(error)}`)
  }
}

/** One error for all hosts, that says that the old release still serves. */
function unhealthy(error: unknown, total: number): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const failures = healthFailures(error)
  if (failures === undefined) return error
  return new HealthError(
    `${failures.length} of ${total} host${total === 1 ? '' : 's'} did not become healthy; nothing has changed for users\n${foldFailures(failures)}`,
    {
      ...(error instanceof FleetError && error.hint !== undefined ? { hint: error.hint } : {}),
      cause: error,
    },
  )
}

/** The hosts that are ill, where nothing else went wrong. */
function healthFailures(error: Error): readonly HostFailure[] | undefined {
  if (error instanceof HostsFailedError)
    return error.failures.every(failure => failure.error instanceof HealthError) ? error.failures : undefined
  return error instanceof HealthError && error.host !== undefined ? [{ host: error.host, error }] : undefined
}
