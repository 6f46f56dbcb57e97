import type { HostContext, TaskContext } from '../task/context.ts'

/** What a roll-out needs of a task's context. */
export type RolloutContext = Pick<
  TaskContext,
  | 'on'
  | 'each'
  | 'apply'
  | 'phase'
  | 'note'
  | 'warn'
  | 'emit'
  | 'signal'
  | 'planOnly'
  | 'paths'
  | 'runId'
  | 'owner'
  | 'message'
  | 'wait'
  | 'abandon'
  | 'leases'
  | 'review'
> &
  Partial<Pick<TaskContext, 'record'>>

export type { HostContext }
