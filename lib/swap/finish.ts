import type { FleetHost } from '../fleet/resolved.ts'
import { messageOf } from '../errors.ts'
import { sh, type Command } from '../shell/sh.ts'
import { isSwarm } from '../swarm/size.ts'
import { containerName } from '../container/slot.ts'
import { nextFile, serviceState, type HistoryEntry } from '../release/history-entry.ts'
import type { Slot } from './slot.ts'
import type { ContainerTarget, Opened } from './swap-target.ts'

/** How long a slot without traffic stays ready for a rollback, unless its service says otherwise. */
export const WARM_SECONDS = 3600

/** Where it stands that a slot is to be stopped, and when. `finish-slots` on the host reads it. */
export const finishFile = (service: string, slot: Slot): string => `${serviceState(service)}/${slot}.finish`

/** Writes down that a slot has no traffic any more. Its container may be gone by then. */
export function armCommand(
  { target, limits }: Pick<Opened<ContainerTarget>, 'target' | 'limits'>,
  slot: Slot,
): Command {
  const { name, service } = target
  const { engine = 'docker', keep = {} } = service
  const file = finishFile(name, slot)
  return sh`id=$(${engine} container inspect --format '{{if .State.Running}}{{.Id}}{{end}}' ${containerName(name, slot)} 2>/dev/null) || id=
[ -z "$id" ] || { mkdir -p ${serviceState(name)}; echo "$(( $(date +%s) + ${keep.warmSeconds ?? WARM_SECONDS} )) $id" ${`${engine} ${limits.stopSeconds} ${service.port}`} >${`${file}.new`} && mv ${`${file}.new`} ${file}; }`
}

/**
 * Lets a slot that has lost its traffic be stopped later, on every host. What fails is said: the slot then stays. One in
 * a swarm always does: no host alone could stop it, since the others would start its containers again.
 */
export async function arm(swap: Opened<ContainerTarget>, slot: Slot): Promise<void> {
  const { ctx, target } = swap
  if (isSwarm(target)) {
    ctx.note(
      `${containerName(target.name, slot)} stays warm in the swarm until a release takes its place, or: fleet finish ${target.name}`,
    )
    return
  }
  const failed = (error: unknown, host?: FleetHost) =>
    ctx.warn(`${containerName(target.name, slot)} goes on running: ${messageOf(error)}`, host)
  await ctx
    .each(target.hosts, host =>
      ctx
        .on(host)
        .run(armCommand(swap, slot), { root: true })
        .catch((error: unknown) => failed(error, host)),
    )
    .catch((error: unknown) => failed(error))
}

/**
 * Makes sure that nothing stops a slot that is about to get traffic. Called under the lease, before the flip; `next` is
 * the line that the history will get, so that it is known when the run is cut off.
 */
export async function disarm({ ctx, target }: Opened, slot: Slot, next?: HistoryEntry): Promise<void> {
  const { name } = target
  const forget = sh`rm -f ${finishFile(name, slot)}`
  const command =
    next === undefined
      ? forget
      : sh`set -e
${forget}
mkdir -p ${serviceState(name)}; cat >${nextFile(name)}`.input(`${JSON.stringify(next)}\n`)
  await ctx.each(target.hosts, host => ctx.on(host).run(command, { root: true }))
}
