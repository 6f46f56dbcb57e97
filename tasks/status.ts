import { z } from 'zod'
import { defineTask, messageOf, type FleetHost, type TaskContext } from '../lib/index.ts'
import { liveSlots, type LiveSlot } from '../lib/rollout/live-slots.ts'
import { parseStatus, type HostStatus } from '../lib/status/host-status.ts'
import { statusProbe } from '../lib/status/probe.ts'
import { statusTable, type StatusRow } from '../lib/status/table.ts'

async function ask(ctx: TaskContext, host: FleetHost): Promise<HostStatus | string> {
  try {
    const probe = statusProbe(Object.keys(ctx.fleet.services))
    const { stdout } = await ctx.on(host).read(probe, { root: true })
    return parseStatus(stdout.toString('utf8'))
  } catch (error) {
    return messageOf(error)
  }
}

export default defineTask({
  name: 'status',
  summary: 'Show every host: release, slot, health, load, disk, workers, last deploy',
  params: z.strictObject({}),
  hosts: 'all',
  examples: ['fleet status', 'fleet status --on sync --json'],
  async run(ctx) {
    const [answers, live] = await Promise.all([
      ctx.each(ctx.hosts, host => ask(ctx, host)),
      liveSlots(ctx).catch(() => new Map<string, LiveSlot>()),
    ])
    const rows: StatusRow[] = ctx.hosts.map(host => ({ host, answer: answers.get(host.name) ?? 'no answer' }))
    ctx.print(statusTable(rows, live, ctx.now()))
    const silent = rows.filter(({ answer }) => typeof answer === 'string')
    for (const { host, answer } of silent) if (typeof answer === 'string') ctx.warn(answer, host)
    return {
      data: rows.map(({ host, answer }) => ({
        host: host.name,
        role: host.role,
        answer,
        live: [...live].flatMap(([service, { servers }]) =>
          servers
            .filter(server => server.host === host.name)
            .map(({ slot, health, check }) => ({ service, slot, health, check })),
        ),
      })),
      exitCode: silent.length > 0 ? 5 : 0,
    }
  },
})
