import { z } from 'zod'
import { defineTask } from '../../lib/index.ts'
import { breakHost, faultHost } from '../../lib/providers/lab/fault-task.ts'
import { parseDuration } from '../../lib/ui/durations.ts'

export default defineTask({
  name: 'lab slow',
  summary: 'Make every round trip with a lab machine take longer',
  params: z.strictObject({ host: faultHost, rtt: z.string().default('100ms').describe('added to each round trip') }),
  args: ['host'],
  hosts: 'none',
  examples: ['fleet lab slow web1 --rtt 100ms'],
  run: (ctx, { host, rtt }) =>
    breakHost(ctx, `${host} is ${rtt} further away`, faults => faults.slow(host, parseDuration(rtt), ctx)),
})
