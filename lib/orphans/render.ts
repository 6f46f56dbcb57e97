import { sanitise } from '../text/sanitise.ts'
import { orphanName, type Orphan, type StrayPort } from './orphan.ts'

/** What was found on one host. */
export interface HostOrphans {
  readonly orphans: readonly Orphan[]
  readonly ports: readonly StrayPort[]
}

/** `web1, web2: cron sync-watchdog`, one line for each thing, with all hosts that have it. */
function grouped(lines: readonly (readonly [host: string, text: string])[]): string[] {
  const groups = new Map<string, string[]>()
  for (const [host, text] of lines) groups.set(text, [...(groups.get(text) ?? []), host])
  return [...groups].map(([text, hosts]) => `${hosts.join(', ')}: ${text}`)
}

const about = ({ type, name, detail }: Orphan): string =>
  sanitise(detail === undefined ? orphanName({ type, name }) : `${orphanName({ type, name })} (${detail})`)

const listens = ({ protocol, port, program }: StrayPort): string =>
  sanitise(`port ${protocol} ${port}${program === '' ? '' : ` (${program})`}`)

/** What is there but not declared, grouped where hosts agree; one string of lines, empty when there is nothing. */
export function renderOrphans(hosts: ReadonlyMap<string, HostOrphans>): string {
  const all = [...hosts]
  const things = grouped(
    all.flatMap(([host, { orphans }]) => orphans.map(each => [host, about(each)] as const)),
  )
  const ports = grouped(
    all.flatMap(([host, found]) => found.ports.map(each => [host, listens(each)] as const)),
  )
  return [
    ...(things.length > 0 ? ['no longer declared:', ...things.map(line => `  ${line}`)] : []),
    ...(ports.length > 0 ? ['listening, but not declared:', ...ports.map(line => `  ${line}`)] : []),
  ].join('\n')
}
