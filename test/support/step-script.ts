import type { Step } from '../../lib/resource/resource.ts'

/** The script of a step; undefined where there is none, as of a file that is written. */
export const scriptOf = (step: Step | undefined): string | undefined =>
  step !== undefined && 'script' in step ? step.script : undefined
