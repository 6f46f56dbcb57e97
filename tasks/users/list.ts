import { z } from 'zod'
import { defineTask } from '../../lib/task/define.ts'
import { parseSeconds } from '../../lib/users/seconds.ts'
import { livenessOf } from '../../lib/users/liveness-of.ts'
import { openUserStore } from '../../lib/users/open.ts'
import { selectionParams } from '../../lib/users/params.ts'
import { userTable, users as countOf } from '../../lib/users/render.ts'
import { readSelection } from '../../lib/users/selection.ts'
import { whereHelp } from '../../lib/users/where.ts'

export default defineTask({
  name: 'users list',
  summary: 'List users of the service, with their state and who holds them',
  description: `Changes nothing. --where takes:\n${whereHelp()}`,
  params: z.strictObject({
    ...selectionParams,
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(50)
      .describe('show no more than this many users'),
  }),
  args: ['ids'],
  hosts: 'all',
  examples: [
    'fleet users list --where stranded',
    'fleet users list --where errors --where "email=*@example.com"',
    'fleet users list --where older=10m --json',
  ],
  async run(ctx, params) {
    const selection = await readSelection(params, ctx.paths.cwd)
    const filter = selection?.filter ?? []
    const store = await openUserStore(ctx)
    try {
      const liveness = await livenessOf(ctx, store, filter, parseSeconds(params.stale) ?? 600)
      const total = await store.count(filter, liveness)
      const users = await store.select(filter, liveness, { limit: params.limit })
      const seen = new Set(users.map(({ id }) => id))
      const missing = users.length < total ? [] : (selection?.ids ?? []).filter(id => !seen.has(id))
      if (users.length > 0) ctx.print(userTable(users, ctx.now(), ctx.console.columns))
      for (const id of missing) ctx.print(`${id}  not-found`)
      const shown =
        users.length < total ? `${users.length} of ${total} users; --limit shows more` : countOf(total)
      ctx.print(shown)
      return { data: { users, total, notFound: missing }, exitCode: missing.length > 0 ? 9 : 0 }
    } finally {
      await store.close()
    }
  },
})
