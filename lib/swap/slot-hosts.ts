import type { Service } from '../fleet/model.ts'
import { isPair } from '../fleet/pair-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Slot } from './slot.ts'

/** The hosts of a slot, by name: all of a container service, one of a pair. */
export const slotHosts = (
  target: { readonly service: Service; readonly hosts: readonly FleetHost[] },
  slot: Slot,
): readonly string[] =>
  isPair(target.service) ? [target.service.pair[slot]] : target.hosts.map(({ name }) => name)
