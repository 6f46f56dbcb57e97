import type { HostReleases } from '../container/host-releases.ts'
import { hostReleasesCommand, parseHostReleases } from '../container/host-releases.ts'
import type { SlotState, SlotStates } from '../container/slot-state.ts'
import { ConfigError } from '../errors.ts'
import { quote } from '../shell/quote.ts'
import { isSwarm } from '../swarm/size.ts'
import { readSwarmSlots } from '../swarm/states.ts'
import { contractAcross, mergedHistory } from '../migration/across-contract.ts'
import { chooseRelease, requireStartable } from '../release/choose-release.ts'
import type { HistoryEntry } from '../release/history-entry.ts'
import { editionOf, type Manifest } from '../release/manifest.ts'
import type { Manifests } from './slots.ts'
import { releaseRows } from '../release/releases.ts'
import { otherSlot, type Slot } from './slot.ts'
import type { ContainerTarget, Opened, Swap } from './swap-target.ts'

/** Asks every host what it knows of the service's releases, one execution each; of a swarm's slots, its managers. */
export async function readContainerReleases({
  ctx,
  target,
}: Pick<Opened<ContainerTarget>, 'ctx' | 'target'>): Promise<ReadonlyMap<string, HostReleases>> {
  const { name, service, hosts } = target
  const [found, slots] = await Promise.all([
    ctx.each(hosts, async host => {
      const command = hostReleasesCommand(name, service.engine ?? 'docker')
      const { stdout } = await ctx.on(host).read(command, { root: true })
      return parseHostReleases(stdout.toString('utf8'))
    }),
    isSwarm(target) ? readSwarmSlots({ ctx, target }) : undefined,
  ])
  if (slots === undefined) return found
  const known = ({ edition, running }: Pick<SlotState, 'edition' | 'running'>) =>
    edition === undefined ? undefined : { edition, running }
  const inSwarm = { blue: known(slots.blue), green: known(slots.green) }
  return new Map([...found].map(([host, releases]) => [host, { ...releases, slots: inSwarm }]))
}

/** The release that an operator names, as each host has it. Undefined when it serves everywhere already. */
export function namedManifests(
  { target: { name: service }, names }: Pick<Swap, 'target' | 'names'>,
  releases: ReadonlyMap<string, HostReleases>,
  live: Slot,
  name: string,
): Manifests | undefined {
  const rows = releaseRows(releases, live, names)
  const row = chooseRelease(service, rows, name)
  const states = Object.values(row.hosts)
  if (states.length > 0 && states.every(state => state === 'live')) return undefined
  requireStartable(service, rows, row)
  const hosts = new Set(names(otherSlot(live)))
  return new Map(
    [...releases].flatMap(([host, { editions }]) =>
      !hosts.has(host)
        ? []
        : editions
            .filter(({ manifest }) => editionOf(manifest) === row.edition)
            .map(({ manifest }) => [host, manifest] as const),
    ),
  )
}

/** What each host's slot ran last. All must have run the same release: anything else was no release of the fleet. */
export function manifestsBefore(
  { target, names }: Pick<Swap, 'target' | 'names'>,
  slot: Slot,
  states: ReadonlyMap<string, SlotStates>,
): Manifests {
  const found = new Map<string, Manifest>()
  for (const name of names(slot)) {
    const manifest = states.get(name)?.[slot].manifest
    if (manifest !== undefined) found.set(name, manifest)
  }
  const lacking = names(slot).filter(name => !found.has(name))
  const editions = new Set([...found.values()].map(editionOf))
  if (lacking.length > 0 || editions.size !== 1) {
    throw new ConfigError(`${target.name} has no release to go back to`, {
      issues:
        lacking.length > 0
          ? lacking.map(name => `${name} has run none in ${slot}`)
          : [`its hosts ran different releases in ${slot}: ${[...editions].join(', ')}`],
      hint: `fleet releases ${target.name}`,
    })
  }
  return found
}

/**
 * Throws when what serves was brought by a rollback, and nothing was done since: the slot that a second one would go to
 * holds the very release that the first one took away. Who means that names it. `editions` are those that serve, by host.
 */
export function refuseRepeated(
  service: string,
  last: HistoryEntry | undefined,
  live: Slot,
  editions: readonly (string | undefined)[],
  other: Pick<Manifest, 'release' | 'label' | 'config'>,
): void {
  if (last?.action !== 'rollback' || last.slot !== live) return
  if (!editions.every(edition => edition === last.edition)) return
  const [release = 'unknown'] = last.edition?.split('-') ?? []
  throw new ConfigError(
    `${service} was rolled back already, at ${last.at}: ${last.label ?? release} (${release}) serves. Another rollback would bring back ${other.label} (${other.release}), which that one took away`,
    { hint: `fleet rollback ${service} --to ${quote(editionOf(other))}` },
  )
}

/** Throws when a release has been finished since that took away what this one needs. */
export function refuseAcross(
  service: string,
  releases: ReadonlyMap<string, HostReleases>,
  target: Manifest,
): void {
  const history = mergedHistory([...releases.values()].map(each => each.history))
  const contract = contractAcross(history, editionOf(target))
  if (contract === undefined) return
  const [release = 'unknown'] = contract.edition?.split('-') ?? []
  const by = contract.owner === undefined ? '' : ` by ${contract.owner}`
  throw new ConfigError(
    `${target.label} (${target.release}) may need what the contract migration of ${contract.label ?? release} (${release}) has taken away, at ${contract.at}${by}`,
    {
      hint: `fleet rollback ${service} --to ${quote(editionOf(target))} --force, when you know that it does not`,
    },
  )
}
