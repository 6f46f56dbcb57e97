import { ConnectError } from '../errors.ts'
import type { Service } from '../fleet/model.ts'
import { isPair } from '../fleet/pair-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Slot } from './slot.ts'

interface Slotted {
  readonly service: Service
  readonly hosts: readonly FleetHost[]
}

/** The hosts of a slot, by name: all of a container service, one of a pair. */
export const slotHosts = (target: Slotted, slot: Slot): readonly string[] =>
  isPair(target.service) ? [target.service.pair[slot]] : target.hosts.map(({ name }) => name)

/**
 * The hosts of an idle slot that are not left out. Throws a ConnectError when none is there, as of a pair whose other host
 * is dead; of many hosts those that are left out are no reason.
 */
export function requirePresent(
  target: Slotted & { readonly name: string },
  slot: Slot,
): readonly [FleetHost, ...FleetHost[]] {
  const wanted = slotHosts(target, slot)
  const [first, ...others] = target.hosts.filter(({ name }) => wanted.includes(name))
  if (first !== undefined) return [first, ...others]
  const [host] = wanted
  throw new ConnectError(
    `does not answer or is in quarantine, and is the idle host of ${target.name}: nothing has changed for users`,
    // Whichever it is shows there; a host that is merely dead has nothing to catch up.
    { ...(host === undefined ? {} : { host }), hint: 'fleet status' },
  )
}
