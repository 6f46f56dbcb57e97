import prettyBytes from 'pretty-bytes'
import { heldCommand, letGoCommand, parseHeld } from '../container/held-releases.ts'
import { messageOf } from '../errors.ts'
import { spare } from './keep.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'

/**
 * Makes room on the hosts: releases above what the service keeps are forgotten, with their images. It is the last thing
 * of a swap, and never its failure.
 */
export async function letGo({ ctx, target }: Opened<ContainerTarget>): Promise<void> {
  const { name, service, hosts } = target
  const { engine = 'docker', keep = {} } = service
  try {
    const held = await ctx.each(hosts, async host => {
      const { stdout } = await ctx.on(host).read(heldCommand(name, engine), { root: true })
      return parseHeld(stdout.toString('utf8'))
    })
    const goes = spare(held, keep)
    await ctx.each(
      hosts.filter(host => (goes.get(host.name)?.editions.length ?? 0) > 0),
      async host => {
        const gone = goes.get(host.name)
        if (gone === undefined) return
        const known = held.get(host.name)?.editions ?? []
        const editions = known.filter(({ edition }) => gone.editions.includes(edition))
        const { images } = gone
        await ctx.on(host).run(letGoCommand(name, engine, { editions, images }), { root: true })
        const bytes = known
          .filter(({ image }) => images.includes(image))
          .reduce((sum, each) => sum + (each.bytes ?? 0), 0)
        ctx.note(`${gone.editions.length} old releases of ${name} let go, ${prettyBytes(bytes)}`, host)
      },
    )
  } catch (error) {
    ctx.warn(`old releases of ${name} stay: ${messageOf(error)}`)
  }
}
