import { waitHealthy } from '../container/health.ts'
import type { HealthProbe } from '../container/health-script.ts'
import { foldFailures } from '../container/unhealthy.ts'
import { containerName, runHash, slotResource, type SlotWanted } from '../container/slot.ts'
import type { SlotStates } from '../container/slot-state.ts'
import { HealthError, HostsFailedError, TimeoutError, messageOf } from '../errors.ts'
import type { EngineName } from '../fleet/container-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh } from '../shell/sh.ts'
import { refuseMixedImages } from '../swarm/one-image.ts'
import { swarmRun } from '../swarm/service-spec.ts'
import { isShort, isSwarm } from '../swarm/size.ts'
import { startInSwarm, swarmSlot } from '../swarm/start.ts'
import { undoInSwarm } from '../swarm/undo.ts'
import { waitDrained } from '../proxy/drain.ts'
import { expectLive } from '../proxy/expect-live.ts'
import { disarm } from './finish.ts'
import type { HistoryEntry } from '../release/history-entry.ts'
import type { Manifest } from '../release/manifest.ts'
import { pause } from '../rollout/pause.ts'
import { ofSlot, setSlot } from '../proxy/proxies.ts'
import type { Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'

/** How long the proxies may take to see a slot as healthy that its own host has found healthy. */
const PROXY_SECONDS = 15

/** The manifest that each host's slot is to run, by host name: one for all on a deploy, its own on a rollback. */
export type Manifests = ReadonlyMap<string, Manifest>

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
    const same = manifest !== undefined && state?.run === runOf(swap, slot, host, manifest)
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

const engineOf = ({ target }: Swap): EngineName => target.service.engine ?? 'docker'

const wantedSlot = ({ target }: Swap, slot: Slot, host: FleetHost, manifest: Manifest): SlotWanted => ({
  manifest,
  slot,
  ...(target.service.engine === undefined ? {} : { engine: target.service.engine }),
  host: host.name,
  address: host.address,
  port: target.service.slots[slot],
  logs: target.logs,
})

/** Names the way in which a slot is to be started on a host. */
const runOf = (swap: Swap, slot: Slot, host: FleetHost, manifest: Manifest): string =>
  isSwarm(swap.target)
    ? swarmRun(swarmSlot(swap, slot, manifest))
    : runHash(wantedSlot(swap, slot, host, manifest))

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
  const { ctx, target } = swap
  if (isSwarm(target)) refuseMixedImages(manifests)
  await disarm(swap, slot, next)
  try {
    const containers = await startSlot(swap, slot, manifests)
    await checkSlot(swap, slot, manifests, containers)
  } catch (error) {
    if (ctx.signal.aborted) throw error
    await removeSlot(swap, slot, manifests)
    throw unhealthy(error, target.hosts.length)
  }
}

/** Returns when each host that has a container of the slot, and each proxy, finds it healthy. */
export async function checkSlot(
  swap: Swap,
  slot: Slot,
  manifests: Manifests,
  containers: ReadonlyMap<string, string>,
): Promise<void> {
  const { ctx, target } = swap
  ctx.phase(`Check ${target.name} ${slot}`)
  await ctx.each(target.hosts, async host => {
    const container = containers.get(host.name)
    if (container === undefined) return
    const { port = target.service.port, health = target.service.health } = manifests.get(host.name) ?? {}
    await waitHealthy(ctx, host, probeOf(swap, host, slot, container, health), port)
  })
  await setSlot(swap.proxies, swap.names, slot, 'drain', healthOf(swap, manifests))
  await waitSeen(swap, slot)
}

/** The path that the proxies ask of the slot from now on: that of its release, not that of the one beside it. */
const healthOf = ({ target }: Swap, manifests: Manifests): string =>
  [...manifests.values()][0]?.health ?? target.service.health

/** Starts a slot's containers, and gives their names by host. */
async function startSlot(swap: Swap, slot: Slot, manifests: Manifests): Promise<ReadonlyMap<string, string>> {
  const { ctx, target } = swap
  const [first] = manifests.values()
  if (isSwarm(target) && first !== undefined) return startInSwarm(swap, slot, first)
  await ctx.apply(host => {
    const manifest = manifests.get(host.name)
    return manifest === undefined ? [] : [slotResource(wantedSlot(swap, slot, host, manifest))]
  }, target.hosts)
  return new Map(swap.names.map(name => [name, containerName(target.name, slot)]))
}

const probeOf = (
  { target: { service }, limits }: Swap,
  { address }: FleetHost,
  slot: Slot,
  container: string,
  path: string,
): HealthProbe => ({
  engine: service.engine ?? 'docker',
  container,
  address,
  port: service.slots[slot],
  path,
  name: service.proxy.names[0] ?? 'localhost',
  seconds: limits.healthSeconds,
})

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
  const { ctx, target, proxies, names } = swap
  const [manifest] = manifests.values()
  const command = sh`${engineOf(swap)} rm --force ${containerName(target.name, slot)} >/dev/null 2>&1 || true`
  try {
    await setSlot(proxies, names, slot, 'maint')
    if (!isSwarm(target)) await ctx.each(target.hosts, host => ctx.on(host).run(command, { root: true }))
    else if (manifest !== undefined) await undoInSwarm(swap, slot, swarmRun(swarmSlot(swap, slot, manifest)))
  } catch (error) {
    ctx.warn(`could not remove ${containerName(target.name, slot)}: ${messageOf(error)}`)
  }
}

/** One error for all hosts, that says that the old release still serves. */
function unhealthy(error: unknown, total: number): Error {
  if (!(error instanceof HostsFailedError)) return error instanceof Error ? error : new Error(String(error))
  const { failures } = error
  if (!failures.every(failure => failure.error instanceof HealthError)) return error
  return new HealthError(
    `${failures.length} of ${total} hosts did not become healthy; nothing has changed for users\n${foldFailures(failures)}`,
    { ...(error.hint === undefined ? {} : { hint: error.hint }), cause: error },
  )
}
