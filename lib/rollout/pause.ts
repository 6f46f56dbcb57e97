import { setTimeout } from 'node:timers/promises'
import { AbortedError } from '../errors.ts'

/** Waits; throws AbortedError as soon as the run is interrupted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => undefined)
  throwIfAborted(signal)
}

/** Throws AbortedError where the run was told to stop. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new AbortedError('interrupted', {
      hint: 'run the same command again: it goes on where this stopped',
    })
  }
}
