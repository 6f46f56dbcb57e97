import type { ContainerService } from '../fleet/model.ts'
import { isPair, type PairService } from '../fleet/pair-model.ts'
import { pairTarget } from '../pair/pair-target.ts'
import type { TaskContext } from '../task/context.ts'
import { swapTarget } from './deploy-container.ts'
import type { SwapTarget } from './swap-target.ts'

/** A service with two slots. */
export type SlottedService = ContainerService | PairService

/** A service with two slots, with its hosts. `away` are in quarantine, or do not answer. */
export const targetOf = (
  ctx: Pick<TaskContext, 'allHosts' | 'fleet'>,
  name: string,
  service: SlottedService,
  away: ReadonlySet<string> = new Set(),
): SwapTarget =>
  isPair(service) ? pairTarget(ctx, name, service, away) : swapTarget(ctx, name, service, away)
