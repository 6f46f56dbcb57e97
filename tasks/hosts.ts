import { z } from 'zod'
import { defineTask } from '../lib/task/define.ts'
import { table } from '../lib/ui/table.ts'

export default defineTask({
  name: 'hosts',
  summary: 'List the hosts of the fleet',
  description: 'Reads the fleet file only; no host is contacted.',
  params: z.strictObject({
    role: z.string().optional().meta({ description: 'only the hosts of this role', names: 'role' }),
  }),
  hosts: 'none',
  examples: ['fleet hosts', 'fleet hosts --role web --json'],
  async run(ctx, { role }) {
    const hosts = Object.entries(ctx.fleet.hosts)
      .filter(([, host]) => role === undefined || host.role === role)
      .map(([name, host]) => ({ name, role: host.role, address: host.address ?? null }))
    ctx.print(
      table(
        ['host', 'role', 'address'],
        hosts.map(host => [host.name, host.role, host.address ?? '(from the provider)']),
        ctx.console.columns,
      ),
    )
    return { data: hosts }
  },
})
