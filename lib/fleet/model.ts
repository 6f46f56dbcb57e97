import type { ContainerService, Keep } from './container-model.ts'
import type { FrontDoor, ProbeSpec } from './front-door-model.ts'
import type { Pair } from './pair-model.ts'
import type { Rollout } from './rollout-model.ts'
import type { TransportName } from '../transport/transport.ts'
import type { ServiceBase } from './service-base.ts'

export type { ContainerService } from './container-model.ts'
export type { Env, EnvValue } from './service-base.ts'
export type { HostCount, Rollout, RolloutOrder, Unreachable } from './rollout-model.ts'

/** Who may connect to a port: the world, every host of the fleet, or the hosts of some roles. */
export type PortSource<RoleName extends string = string> = 'anywhere' | 'fleet' | readonly RoleName[]

export interface Port<RoleName extends string = string> {
  readonly port: number
  readonly protocol?: 'tcp' | 'udp'
  readonly from: PortSource<RoleName>
}

/** What hosts are for, and what reaches them. SSH is always open; nothing else is, unless it is named here. */
export interface Role<RoleName extends string = string> {
  readonly ports?: readonly Port<RoleName>[]
}

export interface Host<RoleName extends string = string> {
  readonly role: RoleName
  /** IP address or name. Left out where the provider knows it. */
  readonly address?: string
  /** SSH port, 22 unless told. */
  readonly port?: number
  /** Pinned public host keys, `ssh-ed25519 AAAA...`. Left out where the provider or known_hosts knows them. */
  readonly hostKeys?: readonly string[]
  /** The user of the first login, before `provision` has made ours. */
  readonly firstUser?: string
}

/** A long-running program, kept alive by supervisor. */
export interface Program {
  readonly command: string
  /** How many processes; changed for a while with `fleet workers set`. */
  readonly count?: number
  /** Seconds a process must stay up to count as started; 2 unless told. A release that does not is no success. */
  readonly startSeconds?: number
  /** Seconds a process may take to end its work after SIGTERM. */
  readonly stopSeconds?: number
  /**
   * On one host of the role at a time, whichever: the service's own PostgreSQL (`PGHOST` and so on in its `env`)
   * decides, and another host takes over within half a minute when that one dies. It finds a number that only grows in
   * `FLEETFILE_FENCE`, with which it can mark what it writes. Its command is one for sh.
   */
  readonly once?: boolean
  /** Of a pair: only on the host that serves, and never on both. */
  readonly live?: boolean
}

export interface CronJob {
  readonly command: string
  /** Five cron fields, in the host's time zone. */
  readonly schedule: string
  /** Each time on one host of the role only, and never while the last run goes on: as a program's `once`. */
  readonly once?: boolean
  /** Of a pair: only on the host that serves. Its command is one for sh. */
  readonly live?: boolean
}

/** Code on the host: long-running programs and cron jobs, with the stores they need. */
export interface ProcessService<
  RoleName extends string = string,
  HostName extends string = string,
  SecretName extends string = string,
> extends ServiceBase<RoleName, HostName, SecretName> {
  readonly kind: 'processes'
  readonly packages?: readonly string[]
  /** Directories that outlive releases, owned by the service's user. */
  readonly directories?: readonly string[]
  readonly programs?: Readonly<Record<string, Program>>
  readonly cron?: Readonly<Record<string, CronJob>>
  /** Run once per release, before the programs restart. */
  readonly migrate?: readonly string[]
  /**
   * A shell command that ends with 0 when the host's release is well: run after each host's turn as the service's user,
   * in the release, with its environment. Until it succeeds, no further batch begins.
   */
  readonly health?: string
  /** Seconds that `health` is asked again and again for; 30 unless told. */
  readonly healthSeconds?: number
  /** How much of the past stays on its hosts: 5 releases unless told. */
  readonly keep?: Pick<Keep, 'releases' | 'size'>
  readonly rollout?: Rollout
  /** A proxy in front of its hosts: each leaves it before it is touched, and returns when it is well. */
  readonly proxy?: FrontDoor<RoleName, SecretName> & {
    /** The port on each host. */
    readonly port: number
    /** The path that answers 200 when the host can take traffic. */
    readonly health: string
  }
  /** Its two hosts are two slots: a release goes to the idle one, then the proxies send all traffic there. */
  readonly pair?: Pair<HostName>
  /** Of a pair: steady traffic through the front door while it is swapped. */
  readonly probe?: ProbeSpec
  readonly postgres?: {
    /** The one that the host's Debian has: 15 (Debian 12) unless told, 17 for Debian 13. */
    readonly version?: number
    readonly roles: Readonly<Record<string, { readonly password: SecretName }>>
    readonly databases: Readonly<Record<string, { readonly owner: string }>>
  }
  readonly rabbitmq?: {
    readonly users: Readonly<Record<string, { readonly password: SecretName; readonly vhost: string }>>
    readonly vhosts: readonly string[]
  }
}

export type Service<
  RoleName extends string = string,
  HostName extends string = string,
  SecretName extends string = string,
> = ContainerService<RoleName, HostName, SecretName> | ProcessService<RoleName, HostName, SecretName>

/** Where the service keeps its users, for `fleet users`. */
export interface UserStore<HostName extends string = string, SecretName extends string = string> {
  readonly kind: 'postgres'
  readonly host: HostName
  readonly database: string
  readonly user: string
  readonly password: SecretName
}

/** Where the per-user logs lie, for `fleet logs`. */
export interface LogSource<RoleName extends string = string> {
  readonly role: RoleName
  readonly directory: string
  readonly format: 'tapiriik'
}

/** How operators reach the hosts. */
export interface Access {
  /** The user that `provision` makes and every other task logs in as. */
  readonly user: string
  readonly identityFile?: string
  /**
   * Which program speaks SSH: `ssh` (in this process) or `openssh` (the operator's own OpenSSH client). Chosen for each
   * host by what its keys and ~/.ssh/config ask for, unless told.
   */
  readonly transport?: TransportName
  /** Public keys that may log in as `user`, beside the operator's own. */
  readonly authorizedKeys?: readonly string[]
}

/** A whole fleet, as data. Made by `defineFleet`. */
export interface Fleet<
  RoleName extends string = string,
  HostName extends string = string,
  SecretName extends string = string,
> {
  readonly name: string
  readonly provider: 'static' | 'lab'
  readonly access: Access
  readonly roles: Readonly<Record<RoleName, Role<RoleName>>>
  readonly hosts: Readonly<Record<HostName, Host<RoleName>>>
  /** In the order in which they are deployed. */
  readonly services: Readonly<Record<string, Service<RoleName, HostName, SecretName>>>
  readonly secrets: readonly SecretName[]
  readonly users?: UserStore<HostName, SecretName>
  readonly logs?: LogSource<RoleName>
}
