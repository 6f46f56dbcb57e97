import { z } from 'zod'
import { defineTask } from '../../lib/index.ts'
import { breakHost, faultHost } from '../../lib/providers/lab/fault-task.ts'

export default defineTask({
  name: 'lab heal',
  summary: 'Undo every fault of a lab machine',
  params: z.strictObject({ host: faultHost }),
  args: ['host'],
  hosts: 'none',
  examples: ['fleet lab heal web1'],
  run: (ctx, { host }) => breakHost(ctx, `${host} is healed`, faults => faults.heal(host, ctx)),
})
