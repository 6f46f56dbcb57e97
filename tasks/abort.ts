import { z } from 'zod'
import { defineTask, TimeoutError, type TaskContext } from '../lib/index.ts'
import { pause } from '../lib/rollout/pause.ts'
import { askForRun } from '../lib/runs/find.ts'
import type { FleetRun } from '../lib/runs/fleet-run.ts'
import { runParam } from '../lib/runs/run-param.ts'
import { showData, showText } from '../lib/runs/show-text.ts'
import { askToStop, waitForEnd } from '../lib/runs/stop.ts'
import { formatDuration } from '../lib/text/duration.ts'
import { knownParams } from './known.ts'

/** How often, twice a second, a client that has let go of its leases is waited for to say how its run ended. */
const TRIES = 12

/** How the run stands, asked again until its client has said how it ended. */
async function askAtEnd(ctx: TaskContext, id: string, tries: number): Promise<FleetRun> {
  const { run } = await askForRun(ctx, id)
  if (run.ended !== undefined || tries === 0) return run
  await pause(500, ctx.signal)
  return askAtEnd(ctx, id, tries - 1)
}

export default defineTask({
  name: 'abort',
  summary: 'Stop a run after its current step on each host, whoever began it',
  description:
    'No further step begins on any of its hosts; a step in the middle of its work goes on to its end, for which --timeout ' +
    'waits. A flip is one command: one that was not made yet is not made on any proxy, one that was made is watched to its ' +
    'end. Nothing is undone: fleet resume goes on with it, fleet show tells where it stands.',
  params: z.strictObject({ run: runParam }),
  args: ['run'],
  hosts: 'all',
  examples: ['fleet abort 3f9a', 'fleet abort 3f9a --timeout 30m'],
  async run(ctx, { run: text }) {
    const { run } = await askForRun(ctx, text)
    const { id, ended, parts } = run
    const running = parts.filter(({ state }) => state === 'running').map(({ host }) => host)
    if (ended !== undefined && running.length === 0) {
      ctx.print(`run ${id} has ended: nothing to stop`)
      return { data: showData(run) }
    }
    const hosts = ctx.hosts.filter(({ name }) =>
      parts.some(({ host, reason }) => host === name && reason === undefined),
    )
    if (ctx.planOnly) {
      ctx.note(`would stop run ${id} on ${hosts.map(({ name }) => name).join(', ')}`)
      return { data: showData(run) }
    }
    const untold = await askToStop(ctx, hosts, id, ctx.owner)
    if (running.length > 0) ctx.phase(`wait for the current step on ${running.join(', ')}`)
    const told = hosts.filter(({ name }) => !untold.includes(name))
    const hasClient = await waitForEnd(ctx, told, id)
    const after = await askAtEnd(ctx, id, hasClient ? TRIES : 0)
    const task = typeof after.record === 'string' ? '' : after.record.task
    ctx.print(showText(after, { now: ctx.now(), params: (await knownParams([task])).get(task) }))
    const left = after.parts.filter(({ state }) => state === 'running').map(({ host }) => host)
    if (left.length > 0) {
      throw new TimeoutError(
        `run ${id} was asked to stop, and after ${formatDuration(ctx.timeout)} is still in its step on ${left.join(', ')}`,
        { hint: `fleet show ${id}, or fleet abort ${id} --timeout 30m` },
      )
    }
    const mayGoOn = after.state === 'open'
    if (mayGoOn) ctx.warn('its client may still be at work: it begins no further step and makes no flip')
    const isPartial = mayGoOn || untold.length > 0 || after.parts.some(({ reason }) => reason !== undefined)
    return { data: showData(after), exitCode: isPartial ? 9 : 0 }
  },
})
