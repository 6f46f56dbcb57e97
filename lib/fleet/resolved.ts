import type { Target } from '../transport/transport.ts'

/** A host of the fleet with its address, login and pinned keys known: ready to be connected to. */
export interface FleetHost {
  readonly name: string
  readonly role: string
  readonly address: string
  readonly target: Target
  /** The user of the first login, before `provision` has made ours. */
  readonly firstUser: string
}
