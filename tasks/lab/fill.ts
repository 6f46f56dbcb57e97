import { z } from 'zod'
import { defineTask } from '../../lib/index.ts'
import { breakHost, faultHost } from '../../lib/providers/lab/fault-task.ts'

export default defineTask({
  name: 'lab fill',
  summary: 'Fill the disk of a lab machine where releases and state are written',
  params: z.strictObject({
    host: faultHost,
    path: z.array(z.string()).default([]).describe('what to fill instead of /srv and /var/lib/fleetfile'),
  }),
  args: ['host'],
  hosts: 'none',
  examples: ['fleet lab fill sync1'],
  run: (ctx, { host, path }) =>
    breakHost(ctx, `the disk of ${host} is full`, faults =>
      faults.fill(host, ctx, path.length === 0 ? {} : { paths: path }),
    ),
})
