import type { HostPlan } from './plan.ts'
import { handlerKey } from './plan.ts'
import type { Step } from './resource.ts'

/** Seconds that a step may take unless it says otherwise. */
export const STEP_TIMEOUT = 600

/** A step with what it belongs to, in the order of the acting program. */
export interface NumberedStep {
  readonly resource: string
  readonly step: Step
  /** Keys of the handlers that become due before it runs. */
  readonly marks: readonly string[]
  /** Key of the handler that is done once it has succeeded. */
  readonly clears?: string
}

/** All steps of a plan: those of its items, then its handlers. */
export function numberedSteps(plan: HostPlan): NumberedStep[] {
  const steps = plan.items.flatMap(({ resource, steps: parts, notify }) =>
    parts.map(step => ({ resource, step, marks: notify.map(handlerKey) })),
  )
  const handlers = plan.handlers.map(handler => ({
    resource: handler.id,
    step: { title: handler.id, script: handler.script, timeout: handler.timeout ?? STEP_TIMEOUT },
    marks: [],
    clears: handlerKey(handler),
  }))
  return [...steps, ...handlers]
}

/** Seconds that the steps may take at most, all together. */
export const longest = (steps: readonly NumberedStep[]): number =>
  steps.reduce((sum, { step }) => sum + (step.timeout ?? STEP_TIMEOUT), 0)

/** Exit codes of `timeout`, and of whatever somebody else ended with SIGKILL. */
const ENDED: ReadonlySet<number> = new Set([124, 137])
/** Milliseconds that a host's clock of 10 ms may be out at most, and to spare. */
const COARSE = 100

/** Whether a step ended because its time was over, by how long it took. `timeout`: seconds. */
export const isOutOfTime = (exitCode: number, milliseconds: number, timeout: number): boolean =>
  ENDED.has(exitCode) && milliseconds >= timeout * 1000 - COARSE
