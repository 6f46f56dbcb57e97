import { AbortedError, TimeoutError } from '../errors.ts'

/**
 * Runs work that may take long but not be silent: without a call of `alive` for `limit` milliseconds its signal aborts
 * and this rejects with TimeoutError, even if the work never ends. Rejects with AbortedError when `signal` aborts.
 */
export async function withSilenceLimit<T>(
  host: string,
  limit: number,
  signal: AbortSignal,
  work: (signal: AbortSignal, alive: () => void) => Promise<T>,
): Promise<T> {
  const silent = new AbortController()
  const timer = setTimeout(() => silent.abort(), limit)
  const stop = AbortSignal.any([signal, silent.signal])
  const stopped = new Promise<never>((_, reject) => {
    const onStop = () =>
      reject(
        signal.aborted
          ? new AbortedError('interrupted')
          : new TimeoutError(`no answer for ${limit / 1000} s`, {
              host,
              hint: `fleet status --on ${host}`,
            }),
      )
    if (stop.aborted) onStop()
    else stop.addEventListener('abort', onStop, { once: true })
  })
  try {
    return await Promise.race([stopped, work(stop, () => void timer.refresh())])
  } finally {
    clearTimeout(timer)
  }
}
