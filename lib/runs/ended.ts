import { z } from 'zod'
import { FleetError } from '../errors.ts'
import { quote } from '../shell/quote.ts'

/** In a run's folder: that the whole run has ended, and how. Only its client knows: it may have more to do than one script. */
export const ENDED = 'ended.json'

export const endedSchema = z
  .object({
    version: z.literal(1),
    /** ISO 8601, UTC, by the operator's clock. */
    at: z.string(),
    exitCode: z.number().int(),
    /** The code of the error: `unhealthy`. Never its text, which may quote anything. */
    error: z.string().exactOptional(),
  })
  .readonly()

export type Ended = z.output<typeof endedSchema>

/** How a run ended that its client saw to the end. `partial`: it went through on some hosts, and some were missed. */
export type EndState = 'done' | 'failed' | 'stopped' | 'partial'

/** What an exit code says of a run. That there is something to do (3) is an answer, no failure. */
export function endState(exitCode: number): EndState {
  switch (exitCode) {
    case 0:
    case 3:
      return 'done'
    case 8:
      return 'stopped'
    case 9:
      return 'partial'
    default:
      return 'failed'
  }
}

/** Shell code that notes it in a run's folder, which is the working directory. */
export const noteEnded = (ended: Ended): string =>
  `printf '%s\\n' ${quote(JSON.stringify(ended))} >${ENDED}.new && mv -f ${ENDED}.new ${ENDED}`

/** How a run ended, as its hosts are told. */
export function endedOf(now: Date, exitCode: number, error?: unknown): Ended {
  const at = now.toISOString()
  if (error === undefined) return { version: 1, at, exitCode }
  return error instanceof FleetError
    ? { version: 1, at, exitCode: error.exitCode, error: error.code }
    : { version: 1, at, exitCode: 1, error: 'bug' }
}
