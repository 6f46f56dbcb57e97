import { z } from 'zod'
import { defineTask } from '../../lib/task/define.ts'
import { runBulk } from '../../lib/users/bulk.ts'
import { operator } from '../../lib/users/operator.ts'
import { bulkParams } from '../../lib/users/params.ts'
import { whereHelp } from '../../lib/users/where.ts'

export default defineTask({
  name: 'users unlock',
  summary: 'Free users whose worker is gone, and let them be synchronised again',
  description: `Takes the lock off and schedules the user now, unless the user has changed since the plan.
Asks each host which workers live; a lock of a living worker stays, unless --force.
Shows the count and the first users, asks, and keeps a receipt with one result a user.

--where takes:\n${whereHelp()}`,
  params: z.strictObject({
    ...bulkParams,
    force: z
      .boolean()
      .default(false)
      .describe('take locks of living workers as well: a user may then be synchronised twice at once'),
  }),
  args: ['ids'],
  letGo:
    'the last users may be written or not; fleet users unlock --resume goes on, with the id that fleet history has of the run that began it',
  hosts: 'all',
  examples: [
    'fleet users unlock --where stranded',
    'fleet users unlock --where stranded --where host=sync3 --yes 12',
    'fleet users unlock 5f0c6d2e9b1e8a3f4c7d0a11 --reason "ticket 4711"',
  ],
  run: (ctx, { force, ...params }) =>
    runBulk(ctx, params, { change: { action: 'unlock' }, force, who: operator() }),
})
