import { z } from 'zod'
import { defineTask } from '../../lib/index.ts'
import { breakHost, faultHost } from '../../lib/providers/lab/fault-task.ts'

export default defineTask({
  name: 'lab cut',
  summary: 'Cut a lab machine off the network: silence, no refusals',
  params: z.strictObject({ host: faultHost }),
  args: ['host'],
  hosts: 'none',
  examples: ['fleet lab cut web1'],
  run: (ctx, { host }) => breakHost(ctx, `${host} is cut off`, faults => faults.cut(host, ctx)),
})
