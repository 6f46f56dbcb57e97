import { connect } from '../../lib/transport/connect.ts'
import type { Target, Transport } from '../../lib/transport/transport.ts'

/** A connection that closes at the end of its block. */
export async function connected(
  target: Target,
  options: { signal?: AbortSignal; timeout?: number } = {},
): Promise<Transport & AsyncDisposable> {
  const { signal = new AbortController().signal, timeout = 10_000 } = options
  const transport = await connect(target, { signal, timeout })
  return Object.assign(transport, { [Symbol.asyncDispose]: () => transport.close() })
}

/** What a promise rejects with; fails when it does not. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('expected a rejection')
}
