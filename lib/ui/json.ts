import type { FleetEvent } from '../events/event.ts'
import type { Renderer } from './renderer.ts'
import type { Terminal } from './terminal.ts'

/** The version of the event format. It changes when a field goes or changes its meaning, not when one is added. */
export const EVENT_VERSION = 1

/** One event as a line of NDJSON. */
export const jsonLine = (event: FleetEvent): string => `${JSON.stringify({ v: EVENT_VERSION, ...event })}\n`

/** Every event to stdout, one JSON object a line, and nothing else there. */
export function jsonRenderer(stdout: Terminal): Renderer {
  return {
    emit: event => void stdout.write(jsonLine(event)),
    print: () => {},
    pause: work => work(),
    close: () => {},
  }
}
