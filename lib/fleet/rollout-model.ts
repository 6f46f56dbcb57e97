/** A number of hosts, or a share of all of them: `2`, `25%`. */
export type HostCount = number | `${number}%`

/** In which groups a release goes to the hosts of a service. Each group is whole and healthy before the next begins. */
export type RolloutOrder =
  | 'all'
  | 'serial'
  | { readonly batch: HostCount }
  | {
      /** These hosts first, alone. */
      readonly canary: HostCount
      /** How the rest follows; `all` at once unless told. */
      readonly rest?: 'all' | 'serial' | HostCount
    }

/** Whether a host that cannot be reached fails the roll-out, or is quarantined and left out of it. */
export type Unreachable = 'fail' | 'skip'

/** How a release of a process service goes out. */
export interface Rollout {
  /** `all` unless told; `serial` behind a proxy. */
  readonly order?: RolloutOrder
  /** As many hosts may fail before no further batch begins; none unless told. */
  readonly maxFailures?: HostCount
  /** Seconds between two batches. */
  readonly pauseSeconds?: number
  /** `fail` unless told. */
  readonly unreachable?: Unreachable
}
