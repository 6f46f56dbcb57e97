import type { FleetHost } from '../fleet/resolved.ts'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { sanitise } from '../text/sanitise.ts'

/** One release of a process service, over all hosts. */
export interface ProcessReleaseRow {
  readonly release: string
  readonly label: string
  /** When the first host got it, ISO 8601. */
  readonly created: string
  /** Hosts that run it, or only have its files; the others lack it. */
  readonly hosts: Readonly<Record<string, 'live' | 'held' | 'absent'>>
}

interface HeldRelease {
  readonly id: string
  readonly label: string
  /** Seconds since 1970. */
  readonly since: number
  readonly isCurrent: boolean
}

/** Reads `<id> <seconds> <current?> <label>` lines. */
export function parseProcessReleases(output: string): readonly HeldRelease[] {
  return output.split('\n').flatMap(line => {
    const [, id = '', since = '', current = '', label = ''] =
      /^([0-9a-f]{12}) (\d+) (yes|no) (.*)$/.exec(line) ?? []
    return id === ''
      ? []
      : [{ id, since: Number(since), isCurrent: current === 'yes', label: sanitise(label) }]
  })
}

/** The rows of what the hosts hold, the newest first. Pure. */
export function processReleaseRows(
  hosts: ReadonlyMap<string, readonly HeldRelease[]>,
): readonly ProcessReleaseRow[] {
  const all = [...hosts.values()].flat()
  const ids = [...new Set(all.map(({ id }) => id))]
  const rows = ids.map((release): ProcessReleaseRow => {
    const same = all.filter(({ id }) => id === release)
    const where = [...hosts].map(([host, held]) => {
      const found = held.find(({ id }) => id === release)
      return [host, found === undefined ? 'absent' : found.isCurrent ? 'live' : 'held'] as const
    })
    const since = Math.min(...same.map(each => each.since))
    const created = new Date(since * 1000).toISOString()
    return { release, label: same[0]?.label ?? release, created, hosts: Object.fromEntries(where) }
  })
  return rows.toSorted((a, b) => Date.parse(b.created) - Date.parse(a.created))
}

/** Asks the hosts of a process service which releases they hold, one execution each. */
export async function readProcessReleases(
  ctx: Pick<TaskContext, 'on' | 'each'>,
  service: string,
  hosts: readonly FleetHost[],
): Promise<readonly ProcessReleaseRow[]> {
  const home = `/srv/${service}`
  const ask = sh`now=$(readlink -f ${`${home}/current`})
for f in ${`${home}/releases`}/*/.fleetfile-release; do
  [ -f "$f" ] || continue
  d=\${f%/*}; [ "$d" = "$now" ] && current=yes || current=no
  echo "\${d##*/} $(stat -c %Y "$f") $current $(head -n 1 "$f")"
done`
  const held = await ctx.each(hosts, async host => {
    const { stdout } = await ctx.on(host).read(ask, { root: true })
    return parseProcessReleases(stdout.toString('utf8'))
  })
  return processReleaseRows(held)
}
