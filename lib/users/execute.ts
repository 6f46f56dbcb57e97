import { AbortedError, CommandError, ConnectError, FleetError, messageOf } from '../errors.ts'
import type { PlannedUser } from './plan.ts'
import type { Receipt, UserResult } from './receipt.ts'
import type { Change, UserStore } from './store.ts'

export interface ExecuteOptions {
  readonly store: UserStore
  readonly receipt: Pick<Receipt, 'append'>
  readonly change: Change
  readonly users: readonly PlannedUser[]
  readonly inDoubt?: ReadonlySet<string>
  readonly signal: AbortSignal
  readonly now: () => Date
  /** The command that goes on where this run stopped. */
  readonly resumeCommand: string
  /** Told after each batch is on disk. */
  readonly onResults: (results: readonly UserResult[], done: number) => void
}

/** Users under way at once: one round trip for all of them, and as many as Ctrl-C has to wait for. */
export const BATCH = 10
/** From so many users on, more than this share of failures stops the run. */
const MIN_FOR_RATE = 10
const MAX_FAILURE_RATE = 0.2

/**
 * Writes the planned users in order, each in its own transaction, and puts every batch's results on disk before the
 * next begins. Stops early on Ctrl-C (AbortedError), a lost connection (ConnectError) or many failures
 * (CommandError): always with the receipt complete and the command to resume.
 */
export async function executeUsers(options: ExecuteOptions): Promise<readonly UserResult[]> {
  const { users, signal, receipt, resumeCommand } = options
  const results: UserResult[] = []
  let lost: FleetError | undefined

  const write = async ({ id, version }: PlannedUser): Promise<UserResult> => {
    const result = (outcome: UserResult['outcome'], detail?: string): UserResult => ({
      type: 'result',
      user: id,
      outcome,
      ...(detail === undefined ? {} : { detail }),
      at: options.now().toISOString(),
    })
    try {
      const written = await options.store.write(options.change, id, version)
      if (written.outcome !== 'changed') return result(written.outcome)
      const doubt = options.inDoubt?.has(id) === true ? 'perhaps by this run before it was cut off; ' : ''
      return result('changed', doubt + written.detail)
    } catch (error) {
      if (!(error instanceof FleetError)) throw error
      if (error instanceof ConnectError) {
        lost ??= error
        return result('in-doubt', 'the connection was lost while it was written')
      }
      return result('failed', messageOf(error))
    }
  }

  const stop = async (error: FleetError): Promise<never> => {
    await receipt.append([{ type: 'stopped', at: options.now().toISOString() }])
    throw error
  }

  for (let start = 0; start < users.length; start += BATCH) {
    const progress = `${results.length} of ${users.length} users`
    if (signal.aborted) {
      return stop(new AbortedError(`stopped after ${progress}`, { hint: resumeCommand }))
    }
    const batch = await Promise.all(users.slice(start, start + BATCH).map(write))
    await receipt.append(batch)
    results.push(...batch)
    options.onResults(batch, results.length)
    if (lost !== undefined) {
      return stop(
        new ConnectError(`${lost.message}\nstopped after ${progress}`, {
          hint: resumeCommand,
          cause: lost,
        }),
      )
    }
    const failed = results.filter(({ outcome }) => outcome === 'failed')
    const rest = users.length - results.length
    if (rest > 0 && results.length >= MIN_FOR_RATE && failed.length / results.length > MAX_FAILURE_RATE) {
      return stop(
        new CommandError(
          `stopped: ${failed.length} of ${results.length} users failed, ${rest} not tried; first: ${failed[0]?.detail ?? ''}`,
          { hint: `when the cause is gone: ${resumeCommand}` },
        ),
      )
    }
  }
  return results
}
