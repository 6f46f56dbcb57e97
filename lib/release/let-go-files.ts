import prettyBytes from 'pretty-bytes'
import { messageOf } from '../errors.ts'
import type { ProcessService } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { RolloutContext } from '../rollout/rollout-context.ts'
import { heldFilesCommand, letGoFilesCommand, parseHeldFiles } from './held-files.ts'
import { spare } from './keep.ts'

/**
 * Makes room on hosts that hold unpacked releases: those above what the service keeps go. It is the last thing of a
 * roll-out, and never its failure. `hosts` are all that share the service's releases.
 */
export async function letGoFiles(
  ctx: Pick<RolloutContext, 'each' | 'on' | 'note' | 'warn'>,
  name: string,
  { keep = {} }: Pick<ProcessService, 'keep'>,
  hosts: readonly FleetHost[],
): Promise<void> {
  try {
    const held = await ctx.each(hosts, async host => {
      const { stdout } = await ctx
        .on(host)
        .run(heldFilesCommand(name, keep.size !== undefined), { root: true })
      return parseHeldFiles(stdout.toString('utf8'))
    })
    const goes = spare(held, keep)
    await ctx.each(
      hosts.filter(host => (goes.get(host.name)?.editions.length ?? 0) > 0),
      async host => {
        const gone = goes.get(host.name)?.editions ?? []
        await ctx.on(host).run(letGoFilesCommand(name, gone), { root: true })
        const bytes = (held.get(host.name)?.editions ?? [])
          .filter(({ edition }) => gone.includes(edition))
          .reduce((sum, each) => sum + (each.bytes ?? 0), 0)
        const room = bytes === 0 ? '' : `, ${prettyBytes(bytes)}`
        ctx.note(`${gone.length} old release${gone.length === 1 ? '' : 's'} of ${name} let go${room}`, host)
      },
    )
  } catch (error) {
    ctx.warn(`old releases of ${name} stay: ${messageOf(error)}`)
  }
}
