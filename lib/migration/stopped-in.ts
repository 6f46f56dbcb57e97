import { AbortedError } from '../errors.ts'
import type { FleetHost } from '../fleet/resolved.ts'

/**
 * What an error of a command that may take hours is to its operator: a stop does not wait for it, and it may go on on its
 * host. Every other error stays what it is.
 */
export const stoppedIn = (error: unknown, { name }: FleetHost, what: string): unknown =>
  error instanceof AbortedError
    ? new AbortedError(
        `stopped during ${what}, which may go on there: the next run waits for its end, then runs it again`,
        { host: name, cause: error },
      )
    : error
