import { AbortedError, UsageError } from '../errors.ts'
import type { Question } from './context.ts'
import type { Environment } from './environment.ts'

/**
 * Returns when the operator agrees. A question with a count is agreed to by that exact count and nothing else, so that
 * a script written for 12 users never touches 12,000.
 */
export async function confirm(
  question: Question,
  environment: Pick<Environment, 'yes' | 'isInteractive' | 'ask'>,
): Promise<void> {
  const { yes } = environment
  const { count } = question
  if (count === undefined ? yes !== false : yes === count) return
  if (count !== undefined && typeof yes === 'number') {
    throw new UsageError(`--yes ${yes} does not match: this is about ${count}`, {
      hint: `look at the sample, then pass --yes ${count}`,
    })
  }
  if (!environment.isInteractive) {
    throw new UsageError(`${question.message} Nobody can be asked here.`, {
      hint: count === undefined ? 'pass --yes' : `pass --yes ${count}`,
    })
  }
  if (!(await environment.ask(question))) throw new AbortedError('not confirmed: nothing was changed')
}
