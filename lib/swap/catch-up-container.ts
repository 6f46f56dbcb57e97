import { copyImage } from '../ship/copy-image.ts'
import { releaseFiles } from '../container/release-files.ts'
import type { SlotStates } from '../container/slot-state.ts'
import { ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { Secret } from '../shell/secret.ts'
import { sh } from '../shell/sh.ts'
import { leasesOn, withLeases } from '../lease/lease.ts'
import { editionOf, serviceFolder, type Manifest } from '../release/manifest.ts'
import { noteServed } from './note-served.ts'
import { checkContainers } from './container-slots.ts'
import { checkSeen, prepareSlot } from './prepare.ts'
import { setSlot } from '../proxy/proxies.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { otherSlot, type Slot } from './slot.ts'
import { openSwap, type ContainerTarget } from './swap-target.ts'
import { refuseMixedImages } from '../swarm/one-image.ts'
import { isSwarm } from '../swarm/size.ts'
import { startInSwarm } from '../swarm/start.ts'

/**
 * Brings a host to what the others serve: the image, the environment and the manifest of both their slots, so that a
 * rollback finds the way back there, too. Then the live slot is started, checked, and put into the proxies, which are
 * held against every swap meanwhile. `peers` serve; `target` is the service with all its hosts.
 */
export const catchUpContainer = (
  ctx: RolloutContext,
  target: ContainerTarget,
  host: FleetHost,
  peers: readonly FleetHost[],
  now: () => Date,
): Promise<{ readonly release: string; readonly label: string }> =>
  ctx.planOnly
    ? bring(ctx, target, host, peers, now)
    : withLeases(ctx, leasesOn([...target.proxies, host], target.name), () =>
        bring(ctx, target, host, peers, now),
      )

async function bring(
  ctx: RolloutContext,
  target: ContainerTarget,
  host: FleetHost,
  peers: readonly FleetHost[],
  now: () => Date,
): Promise<{ readonly release: string; readonly label: string }> {
  const { name } = target
  const others = openSwap(ctx, { ...target, hosts: peers })
  const own = openSwap(ctx, { ...target, hosts: [host] })
  const whole = openSwap(ctx, together(target, [...peers, host]))
  const readOwn = () => (isSwarm(target) ? whole : own).slots.states()
  const [{ live }, states, ownStates] = await Promise.all([others.read(), others.slots.states(), readOwn()])
  const [peer] = peers
  if (live === undefined || live === 'mixed' || peer === undefined) {
    throw new ConfigError(
      live === 'mixed' ? `a flip of ${name} was cut off: both slots take requests` : `${name} serves nothing`,
      { hint: `fleet deploy ${name}` },
    )
  }
  const manifest = servedBy(states, peer, live)
  if (manifest === undefined) {
    throw new ConfigError(`does not know what it serves of ${name}`, {
      host: peer.name,
      hint: `fleet deploy ${name}`,
    })
  }
  const about = { release: manifest.release, label: manifest.label }
  if (ctx.planOnly) {
    ctx.note(`would start ${manifest.label} (${manifest.release}) as ${live} and send traffic to it`, host)
    return about
  }
  const copied = await copyEdition(ctx, target, peer, host, manifest)
  const idle = otherSlot(live)
  const before = servedBy(states, peer, idle)
  const known = ownStates.get(host.name)?.[idle].manifest
  if (before !== undefined && (known === undefined || editionOf(known) !== editionOf(before))) {
    await copyEdition(ctx, target, peer, host, before)
    const link = sh`ln -sfn ${`${editionOf(before)}.json`} ${`${serviceFolder(name)}/${idle}.json`}`
    await ctx.on(host).run(link, { root: true })
  }
  const manifests = new Map([[host.name, copied]])
  if (isSwarm(target)) {
    refuseMixedImages(
      new Map([
        [peer.name, manifest],
        [host.name, copied],
      ]),
    )
    // The swarm may have no need of a container there: its host is one to move to.
    const containers = await startInSwarm(whole, live, manifest)
    if (containers.has(host.name)) {
      await checkContainers(own, live, manifests, containers)
      await checkSeen(own, live, manifests)
    }
  } else await prepareSlot(own, live, manifests)
  await setSlot(own.proxies, own.names(live), live, 'ready')
  await noteServed(own, live, await readOwn(), now(), states)
  return about
}

/** The service on these hosts alone. */
function together(target: ContainerTarget, hosts: readonly FleetHost[]): ContainerTarget {
  const names = new Set(hosts.map(({ name }) => name))
  return {
    ...target,
    hosts: target.hosts.filter(({ name }) => names.has(name)),
    away: [...target.hosts, ...(target.away ?? [])].filter(({ name }) => !names.has(name)),
  }
}

const servedBy = (
  states: ReadonlyMap<string, SlotStates>,
  { name }: FleetHost,
  slot: Slot,
): Manifest | undefined => states.get(name)?.[slot].manifest

/** Brings an edition from one host to another: its image where it lacks it, its environment, its manifest. */
async function copyEdition(
  ctx: RolloutContext,
  { name, service: { engine: hostEngine = 'docker' } }: ContainerTarget,
  from: FleetHost,
  to: FleetHost,
  manifest: Manifest,
): Promise<Manifest> {
  const image = await copyImage(ctx, { service: name, hostEngine, from, to, image: manifest.image })
  const path = `${serviceFolder(manifest.service)}/${editionOf(manifest)}.env`
  const env = await ctx.on(from).read(sh`cat ${path}`, { root: true })
  const copied = { ...manifest, image }
  await ctx.apply([releaseFiles(copied, new Secret('environment', env.stdout.toString('utf8')))], [to])
  return copied
}
