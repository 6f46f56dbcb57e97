import { AbortedError } from '../errors.ts'
import type { Slot } from './slot.ts'
import type { Swap } from './swap-target.ts'

/** What comes before a flip, or has none: who stops it is told that nothing has changed for users, and what serves. */
export async function unflipped<T>(
  { target }: Pick<Swap, 'target'>,
  live: Slot | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error
    const serves = live === undefined ? 'nothing serves yet' : `${live} serves as before`
    throw new AbortedError(`${error.message}\nnothing was flipped: ${target.name}: ${serves}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}
