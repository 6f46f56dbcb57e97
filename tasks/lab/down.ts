import { z } from 'zod'
import { defineTask } from '../../lib/index.ts'
import { removeCache } from '../../lib/providers/lab/cache.ts'

export default defineTask({
  name: 'lab down',
  summary: "End the lab's machines and all that was made for them",
  params: z.strictObject({
    cache: z.boolean().default(false).describe('remove the cache of packages as well, which all labs share'),
  }),
  hosts: 'none',
  letGo: 'fleet lab status shows what is left; fleet lab down again ends it',
  examples: ['fleet lab down', 'fleet lab down --cache'],
  async run(ctx, { cache }) {
    const machines = await ctx.provider.list(ctx)
    const names = machines.map(({ name }) => name)
    if (ctx.planOnly) {
      ctx.note(`would end ${names.join(', ') || 'nothing'}`)
      return
    }
    await ctx.provider.destroy(names, ctx)
    if (cache) await removeCache(ctx)
    ctx.print(names.length === 0 ? 'no machines: nothing to end' : `ended ${names.join(', ')}`)
    return { data: { ended: names } }
  },
})
