import { z } from 'zod'
import { defineTask } from '../../lib/index.ts'
import { table } from '../../lib/ui/table.ts'
import { faultsOf } from '../../lib/providers/lab/fault-task.ts'

export default defineTask({
  name: 'lab status',
  summary: "Show the lab's machines and the faults they suffer from",
  params: z.strictObject({}),
  hosts: 'none',
  examples: ['fleet lab status'],
  async run(ctx) {
    const machines = await faultsOf(ctx).status(ctx)
    ctx.print(
      table(
        ['host', 'role', 'address', 'state', 'faults'],
        machines.map(({ host, role, address, state, faults }) => [
          host,
          role,
          address,
          state,
          faults.join(', ') || '-',
        ]),
        ctx.console.columns,
      ),
    )
    return { data: machines }
  },
})
