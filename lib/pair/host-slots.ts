import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { ConfigError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { markedHosts } from '../migration/migrated.ts'
import { releaseFiles } from '../container/release-files.ts'
import { editionOf } from '../release/manifest.ts'
import { letGoFiles } from '../release/let-go-files.ts'
import type { Release } from '../release/release-model.ts'
import { symlink } from '../resource/kinds/symlink.ts'
import { onceMark } from '../rollout/once.ts'
import { migrationId, processResources } from '../rollout/processes.ts'
import { sh } from '../shell/sh.ts'
import type { Slot } from '../swap/slot.ts'
import { requirePresent } from '../swap/slot-hosts.ts'
import type { Fetched, Manifests, Slots } from '../swap/slots.ts'
import type { Opened } from '../swap/swap-target.ts'
import { pairEdition } from './edition.ts'
import { fallenPrograms } from './fallen.ts'
import { followLive, settleLiveWork } from './follow.ts'
import { currentManifest, hostStateCommand, parseHostState, slotOf, type HostState } from './host-state.ts'
import { LIVE } from './live-work.ts'
import type { Outfit, PairTarget } from './pair-target.ts'
import { startHost } from './start-host.ts'

/** Slots that are the two hosts of a pair. */
export function hostSlots(swap: Opened<PairTarget>): Slots {
  const { ctx, target } = swap
  const { name, service, hosts } = target
  const ask = (): Promise<ReadonlyMap<string, HostState>> =>
    ctx.each(hosts, async host => {
      const slot = slotOf(service, host.name)
      const { stdout } = await ctx.on(host).read(hostStateCommand(name, service, slot), { root: true })
      return parseHostState(stdout.toString('utf8'), slot)
    })
  return {
    states: async () => new Map([...(await ask())].map(([host, { states }]) => [host, states] as const)),
    releases: async () =>
      new Map([...(await ask())].map(([host, { releases }]) => [host, releases] as const)),
    edition: (release, env, stopSeconds) => pairEdition(service, release.id, env, stopSeconds),
    fetch: (release, slot) => fetchFiles(swap, release, slot),
    runOf: (_slot, _host, manifest) => editionOf(manifest),
    start: (slot, manifests) => startHost(swap, hostOf(swap, slot), manifests),
    // What was put on it stays: no request and no live work goes there.
    remove: () => Promise.resolve(),
    // A warm host is the way back; it is nobody else's.
    retire: () => Promise.resolve(),
    fallen: (slot, milliseconds) => fallenPrograms(swap, hostOf(swap, slot), milliseconds),
    follow: live => followLive(swap, live),
    settle: (live, states) => settleLiveWork(swap, live, states),
    letGo: () => letGoFiles(ctx, name, service, hosts),
    logs: () => sh`tail -n 100 /var/log/supervisor/${name}-*.log`.text,
  }
}

/** The host of a slot that something is to be done on. Throws a ConnectError when it is left out. */
const hostOf = ({ target }: Opened<PairTarget>, slot: Slot): FleetHost => requirePresent(target, slot)[0]

/** The release's files, once for all that is done with them. */
async function fetchFiles(swap: Opened<PairTarget>, release: Release, slot: Slot): Promise<Fetched> {
  const host = hostOf(swap, slot)
  const { outfit } = swap.target
  if (outfit === undefined) throw new TypeError('a release is put on a host with its outfit')
  const archive = await buffer(release.archive())
  const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`
  return {
    digest: () => digest,
    place: (manifests, env) => placeFiles(swap, host, { release, archive, manifests, env, outfit }),
  }
}

interface Placed {
  readonly release: Release
  readonly archive: Uint8Array
  readonly manifests: Manifests
  readonly env: Parameters<Fetched['place']>[1]
  readonly outfit: Outfit
}

/** Puts a release on its host, migrated, and starts its programs there. Resolves with whether a migration ran. */
async function placeFiles(
  { ctx, target }: Opened<PairTarget>,
  host: FleetHost,
  { release, archive, manifests, env, outfit: { bodies, stores } }: Placed,
): Promise<boolean> {
  const { name, service, hosts, away = [], fleet } = target
  const manifest = manifests.get(host.name)
  if (manifest === undefined) throw new ConfigError(`no manifest for ${host.name}`)
  const mark = onceMark(migrationId(name, release.id))
  const marked = service.migrate === undefined ? [] : await markedHosts(ctx, hosts, away, mark)
  const migrates = service.migrate !== undefined && marked.length === 0
  const resources = processResources({
    fleet,
    name,
    service,
    release,
    archive,
    env,
    migrates,
    runService: bodies.runService(),
    runOnce: bodies.runOnce(),
    runLive: bodies.runLive({ folder: LIVE }),
  })
  // Cut off in the middle, the host holds neither what it had nor what it was to get.
  await ctx.on(host).run(sh`rm -f ${currentManifest(name)}`, { root: true })
  await ctx.apply(
    [
      ...stores(host),
      ...resources,
      releaseFiles(manifest, env),
      symlink({ path: currentManifest(name), target: `${editionOf(manifest)}.json` }),
    ],
    [host],
  )
  return migrates
}
