import type { FleetHost } from '../fleet/resolved.ts'
import { quote } from '../shell/quote.ts'
import { sh } from '../shell/sh.ts'
import { sanitise } from '../text/sanitise.ts'
import type { TaskContext } from '../task/context.ts'

/** A label that names the same release later on as well. */
const isLasting = (label: string): boolean => /^[\w.@+/-]+$/.test(label) && label !== 'HEAD'

/**
 * The command that brings back the release before, by what a host still runs that was not begun. Where none says so, a
 * placeholder stands for it. Never throws: it is asked when there is a worse error to tell.
 */
export async function backCommand(
  ctx: Pick<TaskContext, 'on'>,
  service: string,
  label: string,
  host: FleetHost | undefined,
): Promise<string> {
  const file = `/srv/${service}/current/.fleetfile-release`
  const before = await Promise.resolve(
    host && ctx.on(host).read(sh`cat ${file} 2>/dev/null || true`, { timeout: 10_000 }),
  ).then(
    result => sanitise(result?.stdout.toString('utf8') ?? '').trim(),
    () => '',
  )
  const known = before !== label && isLasting(before)
  return `fleet deploy ${service} --release ${known ? quote(before) : '<the one before>'}`
}
