import pLimit from 'p-limit'
import { HostsFailedError, type HostFailure } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'

/**
 * Runs `work` on all hosts side by side, `concurrency` at once. Every host is tried and awaited; then failures are
 * thrown together. An abort starts no further host.
 */
export async function eachHost<T>(
  hosts: readonly FleetHost[],
  work: (host: FleetHost) => Promise<T>,
  options: { concurrency: number; signal: AbortSignal },
): Promise<ReadonlyMap<string, T>> {
  const limit = pLimit(options.concurrency)
  const results = new Map<string, T>()
  const failures: HostFailure[] = []
  await Promise.all(
    hosts.map(host =>
      limit(async () => {
        try {
          options.signal.throwIfAborted()
          results.set(host.name, await work(host))
        } catch (error) {
          failures.push({ host: host.name, error: error instanceof Error ? error : new Error(String(error)) })
        }
      }),
    ),
  )
  options.signal.throwIfAborted()
  if (failures.length > 0) throw new HostsFailedError(failures, hosts.length)
  return results
}
