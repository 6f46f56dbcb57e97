import { hostsEntries, type HostsEntriesWanted } from '../resource/kinds/hosts-entries.ts'
import type { Resource } from '../resource/resource.ts'
import type { Slot } from '../swap/slot.ts'
import type { PairTarget } from './pair-target.ts'

/** The name of the host that serves, as every host of the fleet is to know it; undefined for a pair without an alias. */
export function aliasResource(
  { name, service, hosts, away = [] }: Pick<PairTarget, 'name' | 'service' | 'hosts' | 'away'>,
  live: Slot,
): Resource<HostsEntriesWanted, readonly string[]> | undefined {
  const { alias } = service.pair
  const host = [...hosts, ...away].find(each => each.name === service.pair[live])
  if (alias === undefined || host === undefined) return undefined
  return hostsEntries({ name: `alias-${name}`, entries: { [host.address]: [alias] } })
}
