import { CommandError, LeaseHeldError } from '../errors.ts'
import { tail } from '../text/last-lines.ts'
import type { ExecResult } from '../transport/transport.ts'
import type { Holder } from './launch-reader.ts'

/** Who holds a host, since when and why. */
export const heldMessage = ({ owner, run, since, message }: Holder): string =>
  `held by ${owner} (run ${run}, since ${since})${message === '' ? '' : `: ${message}`}`

/** Another run holds the host, and for longer than we were to wait. */
export const heldError = (host: string, holder: Holder): LeaseHeldError =>
  new LeaseHeldError(heldMessage(holder), {
    host,
    hint: `fleet show ${holder.run} says what it does; --wait 5m waits for it, fleet abort ${holder.run} stops it`,
  })

/** The host changed again and again between a look at it and the lock. */
export const restlessError = (host: string, times: number): LeaseHeldError =>
  new LeaseHeldError(`other runs changed it ${times} times while this one looked`, {
    host,
    hint: `fleet runs --on ${host}`,
  })

/** The acting program ended before it had a journal: full disks, most of all. */
export function notLaunched(host: string, result: ExecResult | undefined, stderr: string): CommandError {
  const isFull = /No space left|quota/i.test(stderr)
  const what = isFull ? 'no room for the journal, so nothing was begun' : 'nothing was begun'
  return new CommandError(`${what}: exit code ${result?.exitCode ?? 0}${tail(stderr)}`, {
    host,
    ...(isFull && {
      hint: `make some: fleet exec --on ${host} --root -- 'journalctl --vacuum-size=100M; apt-get clean'`,
    }),
  })
}
