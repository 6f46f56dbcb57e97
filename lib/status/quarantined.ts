import { newestOf, type QuarantineEntry } from '../rollout/quarantine.ts'
import { sanitise } from '../text/sanitise.ts'
import type { StatusRow } from './table.ts'

/** A host in quarantine for a service. */
export interface QuarantinedHost extends QuarantineEntry {
  readonly service: string
}

/** Who is in quarantine, by what the hosts that answered were told last. */
export function quarantinedHosts(rows: readonly StatusRow[]): readonly QuarantinedHost[] {
  const told = rows.flatMap(({ answer }) => (typeof answer === 'string' ? [] : answer.quarantines))
  return [...newestOf(told).values()].flatMap(({ service, hosts }) =>
    hosts.map(entry => ({ ...entry, service })),
  )
}

/** `web2 quarantined for web since 2026-11-22T12:00:00.000Z by run ... of ann@laptop: ...; fleet catch-up web2`. */
export const describeQuarantined = ({ host, service, since, run, owner, reason }: QuarantinedHost): string =>
  sanitise(
    `${host} quarantined for ${service} since ${since} by run ${run} of ${owner}: ${reason}; fleet catch-up ${host}`,
  )
