import { z } from 'zod'
import { SLOTS } from '../swap/slot.ts'

const entrySchema = z
  .object({
    at: z.string(),
    action: z.enum(['deploy', 'rollback', 'flip-back', 'contract']),
    slot: z.enum(SLOTS),
    edition: z.string().exactOptional(),
    label: z.string().exactOptional(),
    /** `user@machine`. */
    owner: z.string().exactOptional(),
    /** Why, in the operator's words. */
    message: z.string().exactOptional(),
    /** The run's id. */
    run: z.string().exactOptional(),
    /** Written by a later run: the one that did it was cut off. */
    late: z.boolean().exactOptional(),
  })
  .readonly()

/** A line of a service's history. Lines of older versions have fewer fields. */
export type HistoryEntry = z.output<typeof entrySchema>

/** Reads a line of a history; undefined when it is not one. */
export function parseEntry(line: string): HistoryEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

/** Where a service's state lies on its hosts. */
export const serviceState = (service: string): string => `/var/lib/fleetfile/services/${service}`

/** One line for each thing that was done with the service's slots. */
export const historyFile = (service: string): string => `${serviceState(service)}/history.jsonl`

/** The line that the run which is about to flip will write: what is known of it when it is cut off. */
export const nextFile = (service: string): string => `${serviceState(service)}/next.json`

/** The latest of some lines. */
export const latest = (entries: readonly HistoryEntry[]): HistoryEntry | undefined =>
  entries.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))[0]
