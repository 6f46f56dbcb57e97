import { z } from 'zod'

/** Where the hosts of a service and its proxies keep who is in quarantine, a file for each service. */
export const QUARANTINE = '/var/lib/fleetfile/quarantine'

const entrySchema = z
  .object({
    host: z.string(),
    /** ISO 8601, UTC, by the operator's clock. */
    since: z.string(),
    /** The run that could not reach it, and whose it was. */
    run: z.string(),
    owner: z.string(),
    reason: z.string(),
    /** What it has missed first. */
    release: z.string(),
    label: z.string(),
  })
  .readonly()

/** A host that is left out until `fleet catch-up` brings it back. */
export type QuarantineEntry = z.output<typeof entrySchema>

const quarantineSchema = z
  .object({
    version: z.literal(1),
    service: z.string(),
    /** Grows by one with each change: of two hosts that tell different things, the higher one is right. */
    serial: z.number().int().min(0),
    hosts: z.array(entrySchema).readonly(),
  })
  .readonly()

/** Who is in quarantine for a service. */
export type Quarantine = z.output<typeof quarantineSchema>

/** Reads the lines that hosts gave; what is no record is passed over, as a host that knows nothing is. */
export function parseQuarantines(output: string): readonly Quarantine[] {
  return output.split('\n').flatMap(line => {
    try {
      return [quarantineSchema.parse(JSON.parse(line))]
    } catch {
      return []
    }
  })
}

/** The record that counts for each service. A host that was away may hold an old one. */
export function newestOf(records: readonly Quarantine[]): ReadonlyMap<string, Quarantine> {
  const newest = new Map<string, Quarantine>()
  for (const record of records) {
    if (record.serial >= (newest.get(record.service)?.serial ?? 0)) newest.set(record.service, record)
  }
  return newest
}

/** The record with more hosts in it. One that is there keeps its date. */
export function withEntries(
  service: string,
  before: Quarantine | undefined,
  entries: readonly QuarantineEntry[],
): Quarantine {
  const known = before?.hosts ?? []
  const fresh = entries.filter(({ host }) => known.every(entry => entry.host !== host))
  return { version: 1, service, serial: (before?.serial ?? 0) + 1, hosts: [...known, ...fresh] }
}

/** The record without a host. It is kept even when nobody is left, so that older ones stay outdated. */
export const withoutHost = (before: Quarantine, host: string): Quarantine => ({
  ...before,
  serial: before.serial + 1,
  hosts: before.hosts.filter(entry => entry.host !== host),
})
