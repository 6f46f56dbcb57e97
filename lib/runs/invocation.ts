import { UsageError } from '../errors.ts'
import type { Invocation } from '../task/define.ts'
import type { FleetRun } from './fleet-run.ts'
import type { RunRecord } from './record.ts'

/** The record of a run that is to go on. Throws a UsageError when it cannot be read. */
export function recordOf({ id, record }: FleetRun): RunRecord {
  if (typeof record !== 'string') return record
  throw new UsageError(`what run ${id} was for is unknown: ${record}`, { hint: `fleet show ${id}` })
}

/** A recorded run as a command to go on with: what was decided in it holds. */
export const invocationOf = (
  { id, task, params, on, pins, message }: RunRecord,
  more: Partial<Pick<Invocation, 'runId' | 'startedAt' | 'on'>> = {},
): Invocation => ({
  task,
  params,
  on,
  pins,
  decidedBy: `run ${id}`,
  ...(message === undefined ? {} : { message }),
  ...more,
})
