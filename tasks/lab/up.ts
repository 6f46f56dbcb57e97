import { z } from 'zod'
import { ConfigError, defineTask } from '../../lib/index.ts'
import { ensureEngine } from '../../lib/providers/lab/engine.ts'
import { quote } from '../../lib/shell/quote.ts'
import { table } from '../../lib/ui/table.ts'

export default defineTask({
  name: 'lab up',
  summary: "Make the lab's machines on this computer",
  description:
    'Each host of the fleet becomes a VPS-like machine with systemd, sshd and an address of its own. Twice changes nothing. ' +
    'FLEET_LAB=<name> stands up another lab beside this one; FLEET_LAB_DEBIAN=trixie makes new machines of Debian 13.',
  params: z.strictObject({
    install: z.boolean().default(false).describe('install and start a Docker engine where there is none'),
  }),
  hosts: 'none',
  letGo: 'fleet lab status shows what is up; fleet lab up again goes on',
  examples: ['fleet lab up', 'FLEET_LAB=two fleet lab up'],
  async run(ctx, { install }) {
    if (ctx.fleet.provider !== 'lab') {
      throw new ConfigError(`${ctx.fleet.name} is no lab`, { hint: 'fleet lab up --fleet lab' })
    }
    if (ctx.planOnly) {
      ctx.note(`would make ${Object.keys(ctx.fleet.hosts).join(', ')}`)
      return
    }
    await ensureEngine({
      emit: ctx.emit,
      signal: ctx.signal,
      install: install || 'ask',
      confirm: async steps => {
        const list = steps.map(({ argv }) => `  ${argv.map(quote).join(' ')}\n`).join('')
        await ctx.confirm({ message: `A lab needs a Docker engine. This would run:\n${list}Install it?` })
        return true
      },
    })
    const specs = Object.entries(ctx.fleet.hosts).map(([name, { role }]) => ({
      name,
      role,
      authorizedKeys: ctx.fleet.access.authorizedKeys ?? [],
    }))
    const machines = await ctx.provider.create(specs, ctx)
    ctx.print(
      table(
        ['host', 'role', 'address'],
        machines.map(({ name, role, address }) => [name, role, address]),
        ctx.console.columns,
      ),
    )
    return { data: machines.map(({ name, role, address, state }) => ({ name, role, address, state })) }
  },
})
