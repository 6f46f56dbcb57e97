import type { FleetHost } from '../fleet/resolved.ts'
import { sh } from '../shell/sh.ts'
import type { Opened } from '../swap/swap-target.ts'
import type { PairTarget } from './pair-target.ts'
import { programPattern } from './programs.ts'

/** Seconds by which supervisor's whole seconds may be off. */
const ROUNDED = 2

/** Seconds of `pid 7, uptime 1 day, 0:00:12`; undefined where nothing runs. */
export function uptimeOf(line: string): number | undefined {
  const [, days = '0', hours, minutes, seconds] =
    /\buptime (?:(\d+) days?, )?(\d+):(\d\d):(\d\d)$/.exec(line.trim()) ?? []
  if (hours === undefined) return undefined
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)
}

/** Programs of the live host that do not run, or have run for less time than it serves. Pure. */
export function fallenIn(output: string, milliseconds: number): readonly string[] {
  return output
    .split('\n')
    .filter(line => line.trim() !== '')
    .flatMap(line => {
      const [program = '', state = ''] = line.split(/\s+/)
      const seconds = uptimeOf(line)
      if (state !== 'RUNNING') return [`${program} (${state})`]
      return seconds !== undefined && seconds + ROUNDED < milliseconds / 1000
        ? [`${program} (restarted)`]
        : []
    })
}

/** Why what serves for so many milliseconds has not run all this time. Undefined when it has, or the host does not say. */
export async function fallenPrograms(
  { ctx, target: { name, service } }: Opened<PairTarget>,
  host: FleetHost,
  milliseconds: number,
): Promise<string | undefined> {
  const names = Object.keys(service.programs ?? {})
  if (names.length === 0) return undefined
  const command = sh`supervisorctl status 2>/dev/null | awk -v own=${programPattern(name, names)} '$1 ~ own'`
  const output = await ctx
    .on(host)
    .read(command, { root: true, anyExitCode: true })
    .then(
      ({ stdout }) => stdout.toString('utf8'),
      () => '',
    )
  const fallen = fallenIn(output, milliseconds)
  return fallen.length === 0
    ? undefined
    : `${name} has crashed since it serves on ${host.name}: ${fallen.join(', ')}`
}
