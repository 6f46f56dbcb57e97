import type { FleetHost } from '../fleet/resolved.ts'
import type { ProcessService } from '../fleet/model.ts'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { sanitise } from '../text/sanitise.ts'
import { freeStranded } from '../users/free-stranded.ts'

/** Where a restart notes what did not end in time, until it is read. */
export const killedFile = (service: string): string => `/run/fleetfile/${service}.killed`

/** Debian's log of supervisor, which says whom it has killed. */
const LOG = '/var/log/supervisor/supervisord.log'

/** Shell code that restarts the processes in `$running`, one after another, and notes which had to be killed. */
export const restartNoting = (service: string): string => `mkdir -p /run/fleetfile
for process in $running; do
  from=$(stat -c %s ${LOG} 2>/dev/null || echo 0)
  code=0
  supervisorctl restart "$process" || code=$?
  ! tail -c +$((from + 1)) ${LOG} 2>/dev/null | grep -qF "killing '$process' (" || echo "$process" >>${killedFile(service)}
  [ "$code" -eq 0 ] || exit "$code"
done`

/** Processes by host that had to be killed when the service was restarted there. Each is told once. */
async function readKilled(
  ctx: TaskContext,
  name: string,
  hosts: readonly FleetHost[],
): Promise<ReadonlyMap<FleetHost, readonly string[]>> {
  const path = killedFile(name)
  // A host that does not answer now is told for what it is elsewhere; its note waits for the next roll-out.
  const answers = await ctx.each(hosts, host =>
    ctx
      .on(host)
      .run(sh`[ ! -e ${path} ] || { cat ${path} && rm -f ${path}; }`, { root: true })
      .catch(() => undefined),
  )
  return new Map(
    hosts.flatMap(host => {
      const lines = answers.get(host.name)?.stdout.toString('utf8').split('\n').filter(Boolean) ?? []
      return lines.length === 0 ? [] : [[host, lines.map(line => sanitise(line))] as const]
    }),
  )
}

/**
 * Warns of every process that did not end its work in the time it was given, and frees the users whom such workers
 * held. One execution on each of `hosts`, those whose programs were restarted.
 */
export async function settleKilled(
  ctx: TaskContext,
  name: string,
  service: ProcessService,
  hosts: readonly FleetHost[],
): Promise<void> {
  if (ctx.planOnly || Object.keys(service.programs ?? {}).length === 0) return
  const killed = await readKilled(ctx, name, hosts)
  for (const [host, processes] of killed) {
    for (const process of processes) {
      const program = process.slice(name.length + 1).replace(/_\d+$/, '')
      const seconds = service.programs?.[program]?.stopSeconds ?? 10
      ctx.warn(`${process} did not end its work within ${seconds} s and was killed`, host)
    }
  }
  await freeStranded(ctx, [...killed.keys()], `${name} was restarted, run ${ctx.runId}`)
}
