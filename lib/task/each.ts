import pLimit from 'p-limit'
import { AbortedError, FleetError, HostsFailedError, messageOf, type HostFailure } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'

/**
 * Runs `work` on all hosts side by side, `concurrency` at once. Every host is tried and awaited; then failures are
 * thrown together. An abort starts no further host, and is thrown as an AbortedError that says of each host how far it
 * came.
 */
export async function eachHost<T>(
  hosts: readonly FleetHost[],
  work: (host: FleetHost) => Promise<T>,
  options: { concurrency: number; signal: AbortSignal },
): Promise<ReadonlyMap<string, T>> {
  const { signal } = options
  const limit = pLimit(options.concurrency)
  const results = new Map<string, T>()
  const failures: HostFailure[] = []
  await Promise.all(
    hosts.map(host =>
      limit(async () => {
        if (signal.aborted) return
        try {
          results.set(host.name, await work(host))
        } catch (error) {
          failures.push({ host: host.name, error: error instanceof Error ? error : new Error(String(error)) })
        }
      }),
    ),
  )
  if (signal.aborted) throw stoppedError(hosts, new Set(results.keys()), failures, signal.reason)
  if (failures.length > 0) {
    const order = hosts.map(({ name }) => name)
    throw new HostsFailedError(
      failures.toSorted((a, b) => order.indexOf(a.host) - order.indexOf(b.host)),
      hosts.length,
    )
  }
  return results
}

/** Where each host stands after an abort: `done`, `stopped after 2 of 7 steps`, `not begun`. */
function stoppedError(
  hosts: readonly FleetHost[],
  done: ReadonlySet<string>,
  failures: readonly HostFailure[],
  reason: unknown,
): AbortedError {
  const errors = new Map(failures.map(({ host, error }) => [host, error]))
  const lines = hosts.map(({ name }) => {
    const error = errors.get(name)
    if (error === undefined) return `${name}: ${done.has(name) ? 'done' : 'not begun'}`
    return error.message.startsWith(`${name}: `) ? error.message : `${name}: ${error.message}`
  })
  const told = failures.map(({ error }) => (error instanceof AbortedError ? error.hint : undefined))
  const hint = told.find(Boolean) ?? (reason instanceof FleetError ? reason.hint : undefined)
  const message = [messageOf(reason), ...lines.map(line => `  ${line.replaceAll('\n', '\n  ')}`)].join('\n')
  return new AbortedError(message, { cause: reason, ...(hint === undefined ? {} : { hint }) })
}
