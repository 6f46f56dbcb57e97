import { z } from 'zod'
import { defineTask } from '../../lib/index.ts'
import { breakHost, faultHost } from '../../lib/providers/lab/fault-task.ts'

export default defineTask({
  name: 'lab pause',
  summary: 'Freeze all processes of a lab machine',
  params: z.strictObject({ host: faultHost }),
  args: ['host'],
  hosts: 'none',
  examples: ['fleet lab pause web1'],
  run: (ctx, { host }) => breakHost(ctx, `${host} is paused`, faults => faults.pause(host, ctx)),
})
