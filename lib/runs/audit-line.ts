import { quote } from '../shell/quote.ts'
import type { Ended } from './ended.ts'
import { AUDIT, type RunRecord } from './record.ts'

/** The inside of a JSON object. */
const inside = (value: object): string => JSON.stringify(value).slice(1, -1)

const common = ({ id: run, task, params, owner, message }: RunRecord): string =>
  inside({ run, task, params, owner, ...(message === undefined ? {} : { message }) })

/** What all audit lines of a run have in common, as the inside of a JSON object, quoted for a shell. */
export const auditPart = (record: RunRecord): string => quote(common(record))

/** What a line says of a whole run that has ended, after its version and its time, as the inside of a JSON object. */
export function endedPart(record: RunRecord, { exitCode, error }: Ended): string {
  const end = { outcome: 'ran', changed: 0, exitCode, ...(error === undefined ? {} : { error }) }
  return `${common(record)},${inside(end)}`
}

/** The same of a run that will not say how it ended: its client is gone. */
export const cutPart = (record: RunRecord): string =>
  `${common(record)},${inside({ outcome: 'ran', changed: 0, error: 'cut' })}`

/**
 * Shell code that writes to a host's audit log how the whole run ended: only its client knows. The folder of a run is
 * pruned one day, its audit line stays longer.
 */
export const auditEnded = (record: RunRecord, ended: Ended): string =>
  `printf '{"version":1,"at":"%s",%s}\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ${quote(endedPart(record, ended))} >>${AUDIT}`
