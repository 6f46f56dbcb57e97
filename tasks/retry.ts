import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { askForRun } from '../lib/runs/find.ts'
import { invocationOf, recordOf } from '../lib/runs/invocation.ts'
import { hostsToRetry, refuseRepeat, retryOn } from '../lib/runs/retry.ts'
import { runParam } from '../lib/runs/run-param.ts'
import { showData } from '../lib/runs/show-text.ts'

export default defineTask({
  name: 'retry',
  summary: 'Run a task again on the hosts that a run did not get through on',
  description:
    'A new run of the same task with the same options and releases, on the hosts that failed, were cut off or stopped, or ' +
    'were never come to. A service that cannot be rolled out in parts is retried on all hosts of the run.',
  params: z.strictObject({ run: runParam }),
  args: ['run'],
  hosts: 'all',
  examples: ['fleet retry 3f9a', 'fleet retry 3f9a --on web2'],
  async run(ctx, { run: text }) {
    const { run } = await askForRun(ctx, text)
    const record = recordOf(run)
    const hosts = hostsToRetry(run)
    if (hosts.length === 0) {
      ctx.print(
        run.state === 'done'
          ? `run ${run.id} ended well: nothing to retry`
          : `run ${run.id} failed on none of its hosts: fleet resume ${run.id} goes on with it`,
      )
      return { data: showData(run) }
    }
    refuseRepeat(record, 'retry')
    const { on, note } = retryOn(ctx.fleet, record, hosts)
    ctx.note(note ?? `again on ${hosts.join(', ')}`)
    return { next: invocationOf(record, { on }) }
  },
})
