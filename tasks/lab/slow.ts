import { z } from 'zod'
import { defineTask, UsageError } from '../../lib/index.ts'
import { breakHost, faultHost } from '../../lib/providers/lab/fault-task.ts'
import { parseDuration } from '../../lib/text/duration.ts'

export default defineTask({
  name: 'lab slow',
  summary: 'Make every round trip with a lab machine take longer',
  params: z.strictObject({
    host: faultHost,
    rtt: z.string().default('100ms').describe('added to each round trip'),
  }),
  args: ['host'],
  hosts: 'none',
  examples: ['fleet lab slow web1 --rtt 100ms'],
  run(ctx, { host, rtt }) {
    const milliseconds = parseDuration(rtt)
    if (milliseconds === undefined)
      throw new UsageError(`--rtt: ${rtt} is no duration`, { hint: 'like 100ms or 1s' })
    return breakHost(ctx, `${host} is ${rtt} further away`, faults => faults.slow(host, milliseconds, ctx))
  },
})
