import { quote } from '../shell/quote.ts'
import type { Ended } from './ended.ts'
import { AUDIT, type RunRecord } from './record.ts'

/** What all audit lines of a run have in common, as the inside of a JSON object, quoted for a shell. */
export function auditPart({ id: run, task, params, owner, message }: RunRecord): string {
  const part = { run, task, params, owner, ...(message === undefined ? {} : { message }) }
  return quote(JSON.stringify(part).slice(1, -1))
}

/**
 * Shell code that writes to a host's audit log how the whole run ended: only its client knows. The folder of a run is
 * pruned one day, its audit line stays longer.
 */
export function auditEnded(record: RunRecord, { exitCode, error }: Ended): string {
  const end = { outcome: 'ran', changed: 0, exitCode, ...(error === undefined ? {} : { error }) }
  return `printf '{"version":1,"at":"%s",%s,%s}\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \\
  ${auditPart(record)} ${quote(JSON.stringify(end).slice(1, -1))} >>${AUDIT}`
}
