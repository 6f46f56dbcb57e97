import { clip } from '../text/clip.ts'
import { formatAge } from '../text/duration.ts'
import { sanitise } from '../text/sanitise.ts'
import { table } from '../ui/table.ts'
import type { ProcessReleaseRow } from './process-releases.ts'
import type { ReleaseRow, WayBack } from './releases.ts'

/** `live`, or `live: web1; no image: web2` where hosts differ. */
export function whereText(hosts: Readonly<Record<string, string>>): string {
  const groups = new Map<string, string[]>()
  for (const [host, state] of Object.entries(hosts)) groups.set(state, [...(groups.get(state) ?? []), host])
  const [only] = groups.keys()
  if (groups.size <= 1) return only ?? '-'
  return [...groups].map(([state, names]) => `${state}: ${names.join(' ')}`).join('; ')
}

const backText = (back: WayBack): string =>
  'not' in back
    ? back.not === 'serves'
      ? '-'
      : `no: ${back.not}`
    : back.how === 'flip'
      ? 'one flip'
      : 'cold start'

const ageOf = (at: string, now: Date): string => {
  const age = now.getTime() - Date.parse(at)
  return Number.isNaN(age) ? '-' : `${formatAge(age)} ago`
}

/** The releases of a service with slots, one a line, the newest first. */
export const releasesTable = (rows: readonly ReleaseRow[], now: Date, width?: number): string =>
  table(
    ['release', 'id', 'when', 'by', 'why', 'digest', 'env', 'schema', 'where', 'way back'],
    rows.map(({ label, release, served, created, owner, message, image, config, schema, hosts, back }) => [
      clip(sanitise(label), 30),
      release,
      ageOf(served?.at ?? created, now),
      clip(sanitise(owner ?? '-'), 24),
      clip(sanitise(message ?? '-'), 30),
      image.replace(/^sha256:/, '').slice(0, 12),
      config,
      schema === 'none' ? '-' : schema,
      whereText(hosts),
      backText(back),
    ]),
    width,
  )

/** The releases of a process service, one a line. */
export const processReleasesTable = (rows: readonly ProcessReleaseRow[], now: Date, width?: number): string =>
  table(
    ['release', 'id', 'when', 'where'],
    rows.map(({ label, release, created, hosts }) => [
      clip(label, 30),
      release,
      ageOf(created, now),
      whereText(hosts),
    ]),
    width,
  )
