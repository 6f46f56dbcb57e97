import { z } from 'zod'
import {
  ConnectError,
  defineTask,
  HostKeyError,
  LoginRefusedError,
  messageOf,
  type FleetHost,
  type TaskContext,
} from '../lib/index.ts'
import { liveSlots, type LiveSlot } from '../lib/proxy/live-slots.ts'
import { describeOnce } from '../lib/status/once-line.ts'
import { onceProbes, onceStates } from '../lib/status/once.ts'
import { describeFront, describeMixed, frontStates, type FrontState } from '../lib/status/fronts.ts'
import { parseStatus } from '../lib/status/host-status.ts'
import { describeLive, liveProbes, withPairs } from '../lib/status/pair.ts'
import { statusProbe } from '../lib/status/probe.ts'
import { describeQuarantined, quarantinedHosts } from '../lib/status/quarantined.ts'
import { describeSwarm, swarmStatuses } from '../lib/status/swarm.ts'
import { statusTable, type StatusRow } from '../lib/status/table.ts'

/** A host that answers and refuses is not a dead one. */
function troubleOf(error: unknown): string {
  if (error instanceof LoginRefusedError) return 'login refused'
  if (error instanceof HostKeyError) return 'other host key'
  return error instanceof ConnectError ? 'unreachable' : 'no status'
}

async function ask(ctx: TaskContext, host: FleetHost): Promise<StatusRow> {
  try {
    const probe = statusProbe(Object.keys(ctx.fleet.services), [
      ...onceProbes(ctx.fleet),
      ...liveProbes(ctx.fleet),
    ])
    const { stdout } = await ctx.on(host).read(probe, { root: true })
    return { host, answer: withPairs(ctx.fleet, host.name, parseStatus(stdout.toString('utf8'))) }
  } catch (error) {
    // Nothing was learned about a host that we stopped asking.
    ctx.signal.throwIfAborted()
    const next =
      error instanceof LoginRefusedError ? ` (a bare machine? fleet provision --on ${host.name})` : ''
    return { host, answer: `${messageOf(error)}${next}`, trouble: troubleOf(error) }
  }
}

export default defineTask({
  name: 'status',
  summary: 'Show every host: release, slot, health, load, disk, workers, last deploy',
  description:
    'One line a host; below, where each program that runs once is held, and which hosts are in quarantine. A host that ' +
    'does not answer makes the exit code 5.',
  params: z.strictObject({}),
  hosts: 'all',
  examples: ['fleet status', 'fleet status --on sync --json'],
  async run(ctx) {
    const [answers, live, fronts, swarms] = await Promise.all([
      ctx.each(ctx.hosts, host => ask(ctx, host)),
      liveSlots(ctx).catch(() => new Map<string, LiveSlot>()),
      frontStates(ctx).catch((): readonly FrontState[] => []),
      swarmStatuses(ctx),
    ])
    // In the fleet's order, not in that of the answers.
    const rows = ctx.hosts.flatMap(host => answers.get(host.name) ?? [])
    const quarantined = quarantinedHosts(rows)
    const once = onceStates(
      ctx.fleet,
      rows.flatMap(({ host, answer }) =>
        typeof answer === 'string' ? [] : answer.once.map(each => ({ ...each, host: host.name })),
      ),
    )
    const told = new Map(
      rows.flatMap(({ host, answer }) => (typeof answer === 'string' ? [] : [[host.name, answer] as const])),
    )
    const lines = [
      ...swarms.map(swarm => describeSwarm(swarm, live.get(swarm.service))),
      ...once.map(describeOnce),
      ...describeMixed(live),
      ...describeLive(ctx.fleet, told, live),
      ...quarantined.map(describeQuarantined),
      ...fronts.flatMap(describeFront),
    ]
    ctx.print([statusTable(rows, live, ctx.now(), ctx.console.columns), ...lines].join('\n'))
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
        quarantined: quarantined.filter(entry => entry.host === host.name),
        swarm: swarms.flatMap(({ service, nodes, slots, trouble }) =>
          ctx.fleet.services[service]?.role === host.role
            ? {
                service,
                node: nodes.find(node => node.host === host.name),
                slots: slots.filter(({ running }) => running.includes(host.name)).map(({ slot }) => slot),
                ...(trouble === undefined ? {} : { trouble }),
              }
            : [],
        ),
        holds: once.filter(state => state.state === 'held' && state.host === host.name),
        fronts: fronts.filter(({ proxy }) => proxy === host.name),
      })),
      exitCode: silent.length > 0 ? 5 : 0,
    }
  },
})
