import type { Step } from '../../lib/resource/resource.ts'
import { Secret } from '../../lib/shell/secret.ts'
import type { ExecResult } from '../../lib/transport/transport.ts'
import { writeProgram } from '../support/write-file.ts'
import type { Machine } from './machine.ts'

/** Takes a step on a machine, without the engine around it. */
export function takeStep(machine: Machine, step: Step): Promise<ExecResult> {
  if ('write' in step) return machine.sh(writeProgram([step]))
  const { script, stdin = '' } = step
  return machine.sh(`set -eu\numask 022\ncd /\n${script}`, stdin instanceof Secret ? stdin.reveal() : stdin)
}
