import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { releaseFiles } from '../container/release-files.ts'
import type { SlotStates } from '../container/slot-state.ts'
import { CommandError, ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { Secret } from '../shell/secret.ts'
import { sh } from '../shell/sh.ts'
import { tail } from '../text/last-lines.ts'
import { leasesOn, withLeases } from './lease.ts'
import { editionOf, serviceFolder, type Manifest } from './manifest.ts'
import { noteServed } from './note-served.ts'
import { prepareSlot } from './prepare.ts'
import { setSlot } from './proxies.ts'
import type { RolloutContext } from './rollout-context.ts'
import { otherSlot, type Slot } from './slot.ts'
import { readStates } from './swap.ts'
import { openSwap, type SwapTarget } from './swap-target.ts'

/**
 * Brings a host to what the others serve: the image, the environment and the manifest of both their slots, so that a
 * rollback finds the way back there, too. Then the live slot is started, checked, and put into the proxies, which are
 * held against every swap meanwhile. `peers` serve; `target` is the service with all its hosts.
 */
export const catchUpContainer = (
  ctx: RolloutContext,
  target: SwapTarget,
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
  target: SwapTarget,
  host: FleetHost,
  peers: readonly FleetHost[],
  now: () => Date,
): Promise<{ readonly release: string; readonly label: string }> {
  const { name } = target
  const others = openSwap(ctx, { ...target, hosts: peers })
  const own = openSwap(ctx, { ...target, hosts: [host] })
  const [{ live }, states, ownStates] = await Promise.all([
    others.read(),
    readStates(others),
    readStates(own),
  ])
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
  await copyEdition(ctx, peer, host, manifest)
  const idle = otherSlot(live)
  const before = servedBy(states, peer, idle)
  const known = ownStates.get(host.name)?.[idle].manifest
  if (before !== undefined && (known === undefined || editionOf(known) !== editionOf(before))) {
    await copyEdition(ctx, peer, host, before)
    const link = sh`ln -sfn ${`${editionOf(before)}.json`} ${`${serviceFolder(name)}/${idle}.json`}`
    await ctx.on(host).run(link, { root: true })
  }
  await prepareSlot(own, live, new Map([[host.name, manifest]]))
  await setSlot(own.proxies, own.names, live, 'ready')
  await noteServed(own, live, await readStates(own), now(), states)
  return about
}

const servedBy = (
  states: ReadonlyMap<string, SlotStates>,
  { name }: FleetHost,
  slot: Slot,
): Manifest | undefined => states.get(name)?.[slot].manifest

/** Brings an edition from one host to another: its image where it lacks it, its environment, its manifest. */
async function copyEdition(
  ctx: RolloutContext,
  from: FleetHost,
  to: FleetHost,
  manifest: Manifest,
): Promise<void> {
  const { image } = manifest
  const has = await ctx.on(to).read(sh`docker image inspect ${image} >/dev/null 2>&1`, {
    root: true,
    anyExitCode: true,
  })
  if (has.exitCode !== 0) await copyImage(ctx, from, to, image)
  const path = `${serviceFolder(manifest.service)}/${editionOf(manifest)}.env`
  const env = await ctx.on(from).read(sh`cat ${path}`, { root: true })
  await ctx.apply([releaseFiles(manifest, new Secret('environment', env.stdout.toString('utf8')))], [to])
}

/** By way of a file here: a host has no login to another. */
async function copyImage(ctx: RolloutContext, from: FleetHost, to: FleetHost, image: string): Promise<void> {
  await mkdir(ctx.paths.cache, { recursive: true })
  const folder = await mkdtemp(join(ctx.paths.cache, 'catch-up-'))
  try {
    const file = join(folder, 'image.tar.gz')
    const source = await ctx.on(from).transport()
    const out = createWriteStream(file)
    const written = finished(out)
    written.catch(() => undefined)
    // With its tag, which a load brings along: an image without one is the first that a prune takes.
    const save = sh`tag=$(docker image inspect --format '{{range .RepoTags}}{{println .}}{{end}}' ${image} | head -n 1)
[ -n "$tag" ] || tag=${image}; docker save "$tag" | gzip -1`
    const saved = await source.exec(save.text, {
      root: true,
      discardStdout: true,
      signal: ctx.signal,
      // A disk that is full, or slower than the network, holds the host back or fails the command.
      onStdout: chunk => (out.write(chunk) ? undefined : once(out, 'drain')),
    })
    out.end()
    await written
    if (saved.exitCode !== 0) {
      throw new CommandError(`docker save failed${tail(saved.stderr.toString('utf8'))}`, { host: from.name })
    }
    const destination = await ctx.on(to).transport()
    const loaded = await destination.exec(
      sh`docker load --quiet && docker image inspect ${image} >/dev/null`.text,
      {
        root: true,
        stdin: pieces(file),
        signal: ctx.signal,
      },
    )
    if (loaded.exitCode !== 0) {
      throw new CommandError(`docker load failed${tail(loaded.stderr.toString('utf8'))}`, { host: to.name })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function* pieces(file: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
    if (chunk instanceof Uint8Array) yield chunk
  }
}
