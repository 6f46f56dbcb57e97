import type { FrontDoor, ProbeSpec } from './front-door-model.ts'
import type { Rollout } from './rollout-model.ts'
import type { ServiceBase } from './service-base.ts'

export type EngineName = 'docker' | 'podman'

/** Work on the service's data that a release needs. */
export interface Migrations<HostName extends string = string> {
  /** A shell command, run as root on this host before anything is migrated; its failure stops the deploy. */
  readonly backup?: { readonly on: HostName; readonly command: string }
  /** Before any traffic, beside the old release, which must go on working: adds, never takes away. */
  readonly expand?: readonly string[]
  /** When the release is finished and the old one has stopped: what only that one needed. There is no way back across it. */
  readonly contract?: readonly string[]
}

/** How much of the past stays on the hosts. What serves, its way back, and the last release that all hosts share always do. */
export interface Keep {
  /** How long the old slot goes on running after a swap; 3600 unless told. */
  readonly warmSeconds?: number
  /** Releases on each host; 5 unless told. */
  readonly releases?: number
  /** Room for the service's images, or its unpacked releases, on each host, like `5GB`; as much as the releases need unless told. */
  readonly size?: `${number}${'MB' | 'GB'}`
}

/** An image made without a Dockerfile: the release's files in a folder of another image. */
export interface ImageRecipe {
  readonly base: string
  readonly command: readonly string[]
  /** `/srv/app` unless told. */
  readonly folder?: string
  /** The user that the program runs as; `nobody` unless told. */
  readonly user?: string
}

/** A container in one of two slots, behind a proxy. */
export interface ContainerService<
  RoleName extends string = string,
  HostName extends string = string,
  SecretName extends string = string,
> extends ServiceBase<RoleName, HostName, SecretName> {
  readonly kind: 'container'
  /** What runs containers on its hosts; `docker` unless told. */
  readonly engine?: EngineName
  /** The engine's own slots on each host, or a Docker Swarm of all hosts of the role; `slots` unless told. */
  readonly placement?: 'slots' | 'swarm'
  /** Of a swarm: how many containers in all; one a host unless told. */
  readonly replicas?: number
  /** The port that the program inside the container listens on. */
  readonly port: number
  /** The port of each slot on the host's own address. */
  readonly slots: { readonly blue: number; readonly green: number }
  /** The path that answers 200 when the slot can take traffic. */
  readonly health: string
  /** How its image is made where the release holds no Dockerfile. */
  readonly image?: ImageRecipe
  /** Build arguments of the image. */
  readonly buildArgs?: Readonly<Record<string, string>>
  /**
   * Run once per release, in the new image with the new environment, before any traffic goes to it: a command, which is
   * an `expand`, or several kinds of them.
   */
  readonly migrate?: readonly string[] | Migrations<HostName>
  readonly probe?: ProbeSpec
  readonly keep?: Keep
  /** Traffic is sent over on all hosts at once, so there is no order of them. */
  readonly rollout?: Pick<Rollout, 'unreachable'>
  readonly proxy: FrontDoor<RoleName, SecretName>
}
