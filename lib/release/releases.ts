import type { HostRelease, HostReleases } from '../container/host-releases.ts'
import { contractAcross, mergedHistory } from '../migration/across-contract.ts'
import type { HistoryEntry } from './history-entry.ts'
import { editionOf, type Manifest } from './manifest.ts'
import { otherSlot, SLOTS, type Slot } from '../swap/slot.ts'

/** What one host has of a release: it serves, its slot runs or is stopped, it could be started, or something is missing. */
export type OnHost = 'live' | 'warm' | 'stopped' | 'held' | 'no image' | 'no env' | 'absent'

/** How far its work on the service's data has come. */
export type SchemaState = 'none' | 'expanded' | 'contract due' | 'contracted'

/** How it can be brought back: by one flip, by starting it, or why not. */
export type WayBack = { readonly how: 'flip' | 'start' } | { readonly not: string }

/** One release with one configuration, over all hosts. */
export interface ReleaseRow {
  readonly edition: string
  readonly release: string
  readonly label: string
  /** Hash of how it is configured, its environment included. */
  readonly config: string
  readonly image: string
  readonly created: string
  readonly owner: string | undefined
  readonly message: string | undefined
  readonly run: string | undefined
  /** When it went live for the last time; undefined for one that never has. */
  readonly served: HistoryEntry | undefined
  readonly schema: SchemaState
  readonly hosts: Readonly<Record<string, OnHost>>
  readonly back: WayBack
}

/** Why a release whose only host is left out cannot be brought back. */
export const NO_ANSWER = 'its host does not answer'

const goesLive = ({ action }: HistoryEntry): boolean => action === 'deploy' || action === 'rollback'

const schemaOf = ({ contract }: Manifest, held: readonly HostRelease[]): SchemaState => {
  if (held.some(({ isContracted }) => isContracted)) return 'contracted'
  if (contract !== undefined) return 'contract due'
  return held.some(({ isExpanded }) => isExpanded) ? 'expanded' : 'none'
}

function onHost(
  { slots }: HostReleases,
  held: HostRelease | undefined,
  edition: string,
  live: Slot | undefined,
): OnHost {
  if (live !== undefined && slots[live]?.edition === edition) return 'live'
  const slot = SLOTS.find(each => slots[each]?.edition === edition)
  if (held === undefined) return 'absent'
  if (slot !== undefined) return slots[slot]?.running === true ? 'warm' : 'stopped'
  if (!held.hasEnv) return 'no env'
  return held.hasImage ? 'held' : 'no image'
}

function wayBack(
  hosts: readonly (readonly [string, OnHost])[],
  hasServed: boolean,
  contract: { readonly label: string } | undefined,
): WayBack {
  if (hosts.length === 0) return { not: NO_ANSWER }
  const states = hosts.map(([, state]) => state)
  if (states.every(state => state === 'live')) return { not: 'serves' }
  const lacking = hosts.filter(([, state]) => state === 'absent' || state.startsWith('no '))
  if (lacking.length > 0) {
    return {
      not: lacking.map(([host, state]) => `${host}: ${state === 'absent' ? 'not there' : state}`).join(', '),
    }
  }
  if (!hasServed) return { not: 'has never served' }
  if (contract !== undefined) return { not: `before the contract of ${contract.label}` }
  return { how: states.every(state => state === 'warm') ? 'flip' : 'start' }
}

/**
 * All releases that the hosts know, the newest first. `live` is what the proxies serve, `names` are the hosts of a slot:
 * all, unless told. A release is looked for where it serves, or else where it would be brought back.
 */
export function releaseRows(
  hosts: ReadonlyMap<string, HostReleases>,
  live: Slot | undefined,
  names: (slot: Slot) => readonly string[] = () => [...hosts.keys()],
): readonly ReleaseRow[] {
  const history = mergedHistory([...hosts.values()].map(host => host.history))
  const manifests = new Map<string, Manifest>()
  for (const { editions } of hosts.values()) {
    for (const { manifest } of editions) {
      const edition = editionOf(manifest)
      if (!manifests.has(edition)) manifests.set(edition, manifest)
    }
  }
  const rows = [...manifests].map(([edition, manifest]): ReleaseRow => {
    const serves =
      live !== undefined && names(live).some(name => hosts.get(name)?.slots[live]?.edition === edition)
    const there = new Set(live === undefined ? hosts.keys() : names(serves ? live : otherSlot(live)))
    const found = [...hosts]
      .filter(([name]) => there.has(name))
      .map(
        ([name, host]) =>
          [name, host, host.editions.find(each => editionOf(each.manifest) === edition)] as const,
      )
    const where = found.map(([name, host, held]) => [name, onHost(host, held, edition, live)] as const)
    const served = history.findLast(entry => entry.edition === edition && goesLive(entry))
    const contract = contractAcross(history, edition)
    const { release, label, config, image, created, owner, message, run } = manifest
    const schema = schemaOf(
      manifest,
      found.flatMap(([, , held]) => held ?? []),
    )
    const isLive = where.some(([, state]) => state === 'live')
    const back = wayBack(
      where,
      served !== undefined || isLive,
      contract && { label: contract.label ?? contract.edition ?? 'another release' },
    )
    const about = { edition, release, label, config, image, created, owner, message, run }
    return { ...about, served, schema, hosts: Object.fromEntries(where), back }
  })
  const at = ({ served, created }: ReleaseRow): number => Date.parse(served?.at ?? created)
  return rows.toSorted((a, b) => at(b) - at(a))
}
