import { FleetError, messageOf } from '../lib/errors.ts'
import { renderBug, renderError } from '../lib/ui/error.ts'
import { hasColour } from '../lib/ui/terminal.ts'
import { nameFleet } from './fleet-in-hint.ts'
import { OutputClosedError, type Io } from './io.ts'
import { inSource } from './source-lines.ts'

/**
 * Says what went wrong on stderr and gives the exit code: the error's own, or 1 for a bug of ours. `fleet` is what
 * `--fleet` named.
 */
export function reportError(error: unknown, io: Io, fleet?: string): number {
  const colour = hasColour(io.stderr, io.env)
  if (isOutputClosed(error)) return new OutputClosedError().exitCode
  io.stderr.write(
    error instanceof FleetError
      ? renderError(describeError(error, fleet), colour)
      : renderBug(error, colour, inSource),
  )
  return error instanceof FleetError ? error.exitCode : 1
}

/** The stop may come wrapped in where each host stands. */
const isOutputClosed = (error: unknown): boolean =>
  error instanceof OutputClosedError || (error instanceof Error && isOutputClosed(error.cause))

/** An error as it stands in the `run-ended` event; its hint names the fleet that `--fleet` did. */
export function describeError(
  error: unknown,
  fleet?: string,
): { code: string; message: string; hint?: string } {
  if (!(error instanceof FleetError)) return { code: 'bug', message: messageOf(error) }
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: nameFleet(error.hint, fleet) }),
  }
}
