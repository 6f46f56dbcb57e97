import { z } from 'zod'
import { defineTask } from '../../lib/task/define.ts'
import { runBulk } from '../../lib/users/bulk.ts'
import { operator } from '../../lib/users/operator.ts'
import { bulkParams } from '../../lib/users/params.ts'
import { whereHelp } from '../../lib/users/where.ts'

export default defineTask({
  name: 'users resync',
  summary: 'Let users be synchronised now',
  description: `Schedules the user now and forgets an earlier place in the queue. A user that a worker holds is left alone.
Shows the count and the first users, asks, and keeps a receipt with one result a user.

--where takes:\n${whereHelp()}`,
  params: z.strictObject({
    ...bulkParams,
    exhaustive: z.boolean().default(false).describe('synchronise everything, not only what is new'),
  }),
  args: ['ids'],
  letGo:
    'the last users may be written or not; fleet users resync --resume goes on, with the id that fleet history has of the run that began it',
  hosts: 'all',
  examples: [
    'fleet users resync --where errors --limit 10',
    'fleet users resync --file ids.txt --exhaustive --yes 250 --reason "ticket 4711"',
  ],
  run: (ctx, { exhaustive, ...params }) =>
    runBulk(ctx, params, { change: { action: 'resync', exhaustive }, force: false, who: operator() }),
})
