import type { ProcessService, Service } from './model.ts'
import type { Slot } from '../swap/slot.ts'

/** Whole hosts as slots, behind the service's proxies. */
export interface Pair<HostName extends string = string> {
  readonly blue: HostName
  readonly green: HostName
  /** A name that always resolves to the host that serves, on every host of the fleet. */
  readonly alias?: string
}

/** A process service that runs on a pair of hosts. */
export type PairService = ProcessService & Required<Pick<ProcessService, 'pair' | 'proxy'>>

export const isPair = (service: Service): service is PairService =>
  service.kind === 'processes' && service.pair !== undefined && service.proxy !== undefined

/** Whether it has two slots, one of which serves: its hosts are swapped, not rolled over one after another. */
export const hasSlots = (service: Pick<Service, 'kind'> & { readonly pair?: Pair }): boolean =>
  service.kind === 'container' || service.pair !== undefined

/** The slot that a host of a pair is; undefined for another host. */
export function slotOfHost({ pair }: Pick<PairService, 'pair'>, host: string): Slot | undefined {
  if (host === pair.blue) return 'blue'
  return host === pair.green ? 'green' : undefined
}

/** Programs and jobs that run on the live host alone. */
export const hasLive = ({ programs = {}, cron = {} }: ProcessService): boolean =>
  [...Object.values(programs), ...Object.values(cron)].some(({ live }) => live === true)
