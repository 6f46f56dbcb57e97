import type { PlannedChange } from '../events/event.ts'
import type { HostPlan } from './plan.ts'
import type { Resource } from './resource.ts'

/** What was reviewed before a run began: that is done, and nothing else, and in no other way. */
export interface Review {
  /**
   * A look at a host: `resources` were looked at, and `plan` would be done by the acting script that this look's
   * generation protects. Throws a MovedError, which names the differences, when that is not what was reviewed.
   */
  compare(host: string, resources: readonly Resource[], plan: HostPlan): void
  /** What a look had planned is done: what comes after it finds another host. */
  acted(host: string, resources: readonly Resource[], plan: HostPlan): void
  /**
   * What bringing a container service to its release would change, read while its hosts and proxies are held; undefined
   * for nothing. Throws a MovedError when that is not what was reviewed.
   */
  serves(service: string, change: PlannedChange | undefined): void
  /** What goes where the traffic goes: the flip that was let through brings it, whatever it was before. */
  follows(resources: readonly Resource[]): void
}
