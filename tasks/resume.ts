import { z } from 'zod'
import { ConnectError, defineTask, messageOf, UsageError, type TaskContext } from '../lib/index.ts'
import { askForRun } from '../lib/runs/find.ts'
import type { FleetRun } from '../lib/runs/fleet-run.ts'
import { watchJournal } from '../lib/runs/follow.ts'
import { decisive } from '../lib/runs/host-run.ts'
import { invocationOf, recordOf } from '../lib/runs/invocation.ts'
import { refuseRepeat } from '../lib/runs/retry.ts'
import { runParam } from '../lib/runs/run-param.ts'
import { showData } from '../lib/runs/show-text.ts'

/** Follows what still runs to its end, on all hosts side by side. True when there was anything. */
async function followAll(ctx: TaskContext, { id, parts }: FleetRun): Promise<boolean> {
  const live = parts.flatMap(({ host, state, run }) => {
    const journal = run === undefined ? undefined : decisive(run)
    const found = ctx.hosts.find(({ name }) => name === host)
    return state === 'running' && journal !== undefined && found !== undefined
      ? [{ host: found, name: journal.name }]
      : []
  })
  if (live.length === 0 || ctx.planOnly) return false
  ctx.phase(`follow what still runs on ${live.map(({ host }) => host.name).join(', ')}`)
  await Promise.all(
    live.map(({ host, name }) =>
      watchJournal(ctx, host, id, name).catch((error: unknown) => {
        ctx.signal.throwIfAborted()
        ctx.warn(`${messageOf(error)}: its script goes on there`, host)
      }),
    ),
  )
  return true
}

export default defineTask({
  name: 'resume',
  summary: 'Go on with a run that was interrupted, from any machine',
  description:
    'Follows what still runs on the hosts to its end, then runs the same task again under the same id: what is done stays ' +
    'done, and only the release of then is brought. Changes nothing when the run ended well.',
  params: z.strictObject({ run: runParam }),
  args: ['run'],
  hosts: 'all',
  examples: ['fleet resume 3f9a', 'fleet resume 3f9a --plan'],
  async run(ctx, { run: text }) {
    if (ctx.record.on.length > 0) {
      throw new UsageError('--on: a run goes on with all of its hosts', {
        hint: `fleet retry ${text} takes --on`,
      })
    }
    const found = await askForRun(ctx, text)
    recordOf(found.run)
    const { run } = (await followAll(ctx, found.run)) ? await askForRun(ctx, found.run.id) : found
    const record = recordOf(run)
    if (run.state === 'done') {
      ctx.print(`run ${run.id} ended well: nothing to resume`)
      return { data: showData(run) }
    }
    if (run.state === 'running' && !ctx.planOnly) {
      throw new ConnectError(`run ${run.id} still runs on a host that was lost sight of`, {
        hint: `fleet resume ${run.id}`,
      })
    }
    refuseRepeat(record, 'resume')
    return { next: invocationOf(record, { runId: run.id, startedAt: record.startedAt }) }
  },
})
