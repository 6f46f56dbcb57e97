import type { Engine } from '../container/engine.ts'
import type { EnvValues } from '../container/env-file.ts'
import type { HostReleases } from '../container/host-releases.ts'
import type { SlotStates } from '../container/slot-state.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { Manifest } from '../release/manifest.ts'
import type { Release } from '../release/release-model.ts'
import type { Shipped } from '../ship/ship.ts'
import type { Edition } from './edition.ts'
import type { Slot } from './slot.ts'

/** The manifest that each host of a slot is to run, by host name: one for all on a deploy, its own on a rollback. */
export type Manifests = ReadonlyMap<string, Manifest>

/** What was fetched for a release, before anything changes on its slot. */
export interface Fetched {
  readonly built?: boolean
  readonly shipped?: Readonly<Record<string, Shipped>>
  /** What a host's manifest names it by: `sha256:...`. */
  readonly digest: (host: string) => string
  /** Puts it beside what serves, and migrates. Resolves with whether a migration ran. */
  readonly place: (manifests: Manifests, env: Edition['env']) => Promise<boolean>
}

/** What the slots of a service are made of, and what is done to them: containers, or whole hosts. */
export interface Slots {
  /** What each host that answers says of its slots. */
  states(): Promise<ReadonlyMap<string, SlotStates>>
  /** What each host that answers knows of the service's releases. */
  releases(): Promise<ReadonlyMap<string, HostReleases>>
  /** The edition that a release makes with an environment. */
  edition(release: Pick<Release, 'id'>, env: EnvValues, stopSeconds: number): Edition
  /** Brings what a release consists of to where its slot can be made from it. Throws when it cannot get there. */
  fetch(release: Release, slot: Slot, engine: Engine): Promise<Fetched>
  /** Names the way in which a host's slot is to be started: `run` of its state when it was. */
  runOf(slot: Slot, host: FleetHost, manifest: Manifest): string
  /** Starts a slot, and returns when each of its hosts finds it healthy. */
  start(slot: Slot, manifests: Manifests): Promise<void>
  /** Takes a slot away that never served; the proxies send it nothing. */
  remove(slot: Slot, manifests: Manifests): Promise<void>
  /** Lets a slot that has lost its traffic be stopped later. Never throws. */
  retire(slot: Slot): Promise<void>
  /** Why a slot that serves for so many milliseconds has not run all this time. */
  fallen(slot: Slot, milliseconds: number): Promise<string | undefined>
  /** What goes where the traffic goes, moved there: what has to stop elsewhere stops first. Changes nothing twice. */
  follow(live: Slot): Promise<void>
  /** The same where a run was cut off in the middle of it, going by what the hosts said. */
  settle(live: Slot, states: ReadonlyMap<string, SlotStates>): Promise<void>
  /** Makes room: forgets releases above what the service keeps. Never throws. */
  letGo(): Promise<void>
  /** The command that shows what a slot printed last, on one of its hosts. */
  logs(slot: Slot): string
}
