import { UsageError } from '../errors.ts'
import type { HostCount, Service, Unreachable } from '../fleet/model.ts'
import { hasSlots } from '../fleet/pair-model.ts'
import type { RolloutOrder } from '../fleet/rollout-model.ts'
import { parseFailureLimit, parseOrder } from './order.ts'

/** How one service is rolled out, with every default filled in. */
export interface Strategy {
  readonly order: RolloutOrder
  readonly maxFailures: HostCount
  readonly pauseSeconds: number
  readonly unreachable: Unreachable
}

/** What the command line says about it, for this one run. */
export interface StrategyOptions {
  readonly order?: string | undefined
  readonly maxFailures?: string | undefined
  readonly unreachable?: Unreachable | undefined
}

/** What the fleet file says of a service, and the command line instead of it. */
export function strategyOf(service: Service, options: StrategyOptions = {}): Strategy {
  const said = service.kind === 'processes' ? (service.rollout ?? {}) : {}
  // Hosts behind a load balancer leave it for their turn: not all at once.
  const usual = service.kind === 'processes' && service.proxy !== undefined ? 'serial' : 'all'
  return {
    order: parseOrder(options.order ?? '') ?? said.order ?? usual,
    maxFailures: parseFailureLimit(options.maxFailures ?? '') ?? said.maxFailures ?? 0,
    pauseSeconds: said.pauseSeconds ?? 0,
    unreachable: options.unreachable ?? service.rollout?.unreachable ?? 'fail',
  }
}

/** Throws a UsageError for an order of hosts where none of the services has one. */
export function refuseOrder(
  services: readonly (readonly [string, Service])[],
  { order, maxFailures }: StrategyOptions,
): void {
  const option = order === undefined ? '--max-failures' : '--order'
  if ((order ?? maxFailures) === undefined || services.some(([, service]) => !hasSlots(service))) return
  const names = services.map(([name]) => name).join(', ')
  throw new UsageError(`${option}: ${names} is swapped on all its hosts at once`, {
    hint: `fleet deploy ${names}`,
  })
}
