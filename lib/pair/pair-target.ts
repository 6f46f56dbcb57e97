import { isPair, type PairService } from '../fleet/pair-model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutBodies } from '../rollout/bodies.ts'
import type { Resource } from '../resource/resource.ts'
import type { Target } from '../swap/swap-target.ts'
import type { TaskContext } from '../task/context.ts'

/** A service whose slots are the two hosts of a pair. */
export interface PairTarget extends Target {
  readonly service: PairService
  /** The fleet's name. */
  readonly fleet: string
  /** Every host of the fleet: all of them know the alias. */
  readonly everyone: readonly FleetHost[]
  /** What a release is put on a host with; left out where none is. */
  readonly outfit?: Outfit
}

/** What is on a host of a pair beside its release. */
export interface Outfit {
  readonly bodies: Pick<RolloutBodies, 'runService' | 'runOnce' | 'runLive' | 'answerLive' | 'bootLive'>
  readonly stores: (host: FleetHost) => readonly Resource[]
}

/** A service on a pair, with those in front of it. Hosts that are `silent` do not answer: nothing is done to them. */
export function pairTarget(
  { allHosts, fleet }: Pick<TaskContext, 'allHosts' | 'fleet'>,
  name: string,
  service: PairService,
  silent: ReadonlySet<string>,
): PairTarget {
  const { blue, green } = service.pair
  const pair = allHosts.filter(host => host.name === blue || host.name === green)
  return {
    name,
    service,
    fleet: fleet.name,
    hosts: pair.filter(host => !silent.has(host.name)),
    away: pair.filter(host => silent.has(host.name)),
    proxies: allHosts.filter(({ role }) => role === service.proxy.role),
    everyone: allHosts.filter(host => !silent.has(host.name)),
  }
}

/** The pairs of a fleet, by service. */
export const pairsOf = ({
  services,
}: TaskContext['fleet']): readonly (readonly [name: string, service: PairService])[] =>
  Object.entries(services).flatMap(([name, service]) => (isPair(service) ? [[name, service] as const] : []))
