import type { EventSink } from '../events/event.ts'
import { FleetError } from '../errors.ts'
import type { Ended } from './ended.ts'

/** Passes events on, and remembers the hosts on which something was to be changed. */
export function touchedHosts(emit: EventSink): { readonly emit: EventSink; readonly hosts: Set<string> } {
  const hosts = new Set<string>()
  return {
    hosts,
    emit: event => {
      if (event.type === 'host-planned' && event.changes.length > 0) hosts.add(event.host)
      emit(event)
    },
  }
}

/** How a run ended, as its hosts are told. */
export function endedOf(now: Date, exitCode: number, error?: unknown): Ended {
  const at = now.toISOString()
  if (error === undefined) return { version: 1, at, exitCode }
  return error instanceof FleetError
    ? { version: 1, at, exitCode: error.exitCode, error: error.code }
    : { version: 1, at, exitCode: 1, error: 'bug' }
}
