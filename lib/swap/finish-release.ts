import { containerName } from '../container/slot.ts'
import { CommandError, ConfigError, HealthError, TimeoutError } from '../errors.ts'
import { sh } from '../shell/sh.ts'
import { endInSwarm, leftInSwarm } from '../swarm/leave.ts'
import { isSwarm } from '../swarm/size.ts'
import { stopInSwarm } from '../swarm/stop.ts'
import { backUp } from '../migration/backup.ts'
import { waitDrained } from '../proxy/drain.ts'
import { expectLive } from '../proxy/expect-live.ts'
import { finishFile } from './finish.ts'
import { appendCommand, entryOf } from '../release/history.ts'
import { leasesOn, withLeases } from '../lease/lease.ts'
import type { Manifest } from '../release/manifest.ts'
import { noteServed } from './note-served.ts'
import { isContracted, servedManifest } from '../migration/pending-contract.ts'
import { setSlot } from '../proxy/proxies.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { runMigration } from '../migration/run-migration.ts'
import { everyReady } from '../proxy/serving.ts'
import { otherSlot, type Slot } from './slot.ts'
import { openSwap, type Swap, type SwapLimits, type ContainerTarget } from './swap-target.ts'
import { takeOut } from '../proxy/take-out.ts'
import { unflipped } from './unflipped.ts'

export interface FinishOptions {
  readonly target: ContainerTarget
  readonly limits?: Partial<SwapLimits>
  readonly now: () => Date
}

export interface FinishReport {
  readonly outcome: 'finished' | 'unchanged' | 'planned'
  /** The slot that serves. */
  readonly slot: Slot
  readonly release: string
  readonly label: string
  /** Hosts whose old slot was stopped; its container stays. */
  readonly stopped: readonly string[]
  /** Whether the contract migration ran. */
  readonly contracted: boolean
}

/**
 * Makes the release that serves the only one: stops the old slot once nothing talks to it, and runs the release's
 * `contract` migration once, after a backup. From then on there is no way back to a release before it. Its hosts are held
 * meanwhile, as in a deploy; cut off anywhere, it goes on when it is called again.
 */
export async function finishRelease(ctx: RolloutContext, options: FinishOptions): Promise<FinishReport> {
  const { name, hosts, proxies } = options.target
  return withLeases(ctx, leasesOn([...proxies, ...hosts], name), () => finishAlone(ctx, options))
}

async function finishAlone(
  ctx: RolloutContext,
  { target, limits, now }: FinishOptions,
): Promise<FinishReport> {
  const { name } = target
  const swap = openSwap(ctx, target, limits)
  ctx.phase(`Look at ${name}`)
  await takeOut(swap)
  const [view, first] = await Promise.all([swap.read(), swap.slots.states()])
  const { live } = view
  if (live === undefined || live === 'mixed') {
    throw new ConfigError(
      live === undefined
        ? `${name} serves nothing yet`
        : `a flip of ${name} was cut off: both slots take requests`,
      { hint: `fleet deploy ${name}` },
    )
  }
  await noteServed(swap, live, first, now())
  // What was noted just now is known to the second look only.
  const known = servedManifest(swap.names(live), first, live) !== undefined
  const states = known ? first : await swap.slots.states()
  const manifest = servedManifest(swap.names(live), states, live)
  if (manifest === undefined || !everyReady(swap, view.servers, live)) {
    throw new HealthError(`${name} does not serve one release from ${live} on every host: not finished`, {
      hint: `fleet releases ${name}`,
    })
  }
  const idle = otherSlot(live)
  const running = target.hosts.filter(host => {
    const { running: own, isInSwarm } = states.get(host.name)?.[idle] ?? {}
    return own === true || isInSwarm === true
  })
  const stopped = running.map(host => host.name)
  const isDue = manifest.contract !== undefined && !isContracted(swap.names(live), states, live)
  const about = { slot: live, release: manifest.release, label: manifest.label, stopped, contracted: isDue }
  if (running.length === 0 && !isDue) return { outcome: 'unchanged', ...about }
  if (ctx.planOnly) {
    if (stopped.length > 0) ctx.note(`would stop ${containerName(name, idle)} on ${stopped.join(', ')}`)
    if (isDue) ctx.note(`would run the contract migration of ${manifest.label} (${manifest.release})`)
    return { outcome: 'planned', ...about }
  }
  await unflipped(swap, live, async () => {
    if (running.length > 0) await stopSlot(swap, idle, live, running, leftInSwarm(states).has(idle))
    if (isDue) await contract(swap, live, manifest, now)
  })
  await swap.slots.letGo()
  return { outcome: 'finished', ...about }
}

async function stopSlot(
  swap: Swap<ContainerTarget>,
  idle: Slot,
  live: Slot,
  hosts: Swap['target']['hosts'],
  isLeft: boolean,
): Promise<void> {
  const { ctx, target, limits } = swap
  const container = containerName(target.name, idle)
  ctx.phase(`Drain ${target.name} ${idle}`)
  const left = await waitDrained(swap.read, idle, limits.drainSeconds, ctx.signal)
  if (left.open > 0) {
    throw new TimeoutError(
      `${left.servers.join(', ')} still ${left.open === 1 ? 'serves 1 request' : `serve ${left.open} requests`}: nothing was stopped, and nothing migrated`,
      { hint: `wait for them to end, then: fleet finish ${target.name}` },
    )
  }
  await expectLive(swap, live)
  ctx.phase(`Stop ${container}`)
  await setSlot(swap.proxies, swap.names(idle), idle, 'maint')
  if (isSwarm(target)) return stopInSwarm(swap, idle)
  if (isLeft) return endInSwarm(swap, idle)
  const { engine = 'docker' } = target.service
  const command = sh`${engine} stop --time ${limits.stopSeconds} ${container} >/dev/null && rm -f ${finishFile(target.name, idle)}`
  await ctx.each(hosts, host =>
    ctx.on(host).run(command, { root: true, timeout: (limits.stopSeconds + 60) * 1000 }),
  )
}

async function contract(
  swap: Swap<ContainerTarget>,
  live: Slot,
  manifest: Manifest,
  now: () => Date,
): Promise<void> {
  const { ctx, target } = swap
  const [host] = target.hosts
  if (host === undefined || manifest.contract === undefined) return
  for (const away of target.away ?? []) {
    ctx.warn('in quarantine: what still runs there of an older release may need what goes now', away)
  }
  await backUp(swap)
  await expectLive(swap, live)
  // Noted before it runs: one that fails half-way has taken something away as well.
  const line = appendCommand(target.name, entryOf(swap, 'contract', live, manifest, now()))
  await ctx.each(target.hosts, each => ctx.on(each).run(line, { root: true }))
  ctx.phase(`Contract ${target.name} on ${host.name}`)
  const failed = await runMigration(swap, host, manifest, 'contract', manifest.contract)
  if (failed === undefined) return
  throw new CommandError(
    `the contract migration failed (${failed.why}); ${manifest.label} serves on${failed.said}`,
    { host: host.name, hint: `correct what stopped it, then: fleet finish ${target.name}` },
  )
}
