import { runRecordSchema, type RunRecord } from '../runs/record.ts'
import type { Runner } from './program.ts'

/** What an acting script must know besides its steps. */
export interface ActingRun {
  readonly nonce: string
  readonly runner: Runner
  /** The run that it is a part of. */
  readonly record: RunRecord
  /** What the host was like when it was observed; see `Observation.generation`. */
  readonly generation: string
  /** Milliseconds to wait for another run that holds the host. */
  readonly wait: number
}

/** The record of a run that brought one, or the least that a host keeps of one that did not. */
export const runRecordOf = (options: {
  readonly runId: string
  readonly owner: string
  readonly record?: RunRecord
}): RunRecord =>
  runRecordSchema.parse(
    options.record ?? {
      version: 1,
      id: options.runId,
      task: 'apply',
      params: {},
      on: [],
      fleet: '',
      owner: options.owner,
      startedAt: new Date().toISOString(),
      hosts: [],
      pins: {},
      tool: '',
    },
  )
