import { z } from 'zod'
import { ConfigError } from '../../errors.ts'
import type { TaskContext } from '../../task/context.ts'
import { labFaults, type LabFaults } from './faults.ts'
import { labPlace } from './place.ts'

/** The parameter that every fault takes: its host. */
export const faultHost = z.string().meta({ description: 'the host', names: 'host' })

/** The faults of the lab that the task is about. */
export function faultsOf(ctx: TaskContext): LabFaults {
  if (ctx.fleet.provider !== 'lab') {
    throw new ConfigError(`${ctx.fleet.name} is no lab: nothing is broken on purpose there`, {
      hint: 'fleet lab status --fleet lab',
    })
  }
  return labFaults(labPlace(ctx.fleet.name, ctx).name)
}

/** Breaks or heals one host, unless it is only planned, and says so. */
export async function breakHost(
  ctx: TaskContext,
  said: string,
  act: (faults: LabFaults) => Promise<void>,
): Promise<void> {
  const faults = faultsOf(ctx)
  if (ctx.planOnly) {
    ctx.note(`would: ${said}`)
    return
  }
  await act(faults)
  ctx.print(said)
}
