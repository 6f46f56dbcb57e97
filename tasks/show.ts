import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { askForRun } from '../lib/runs/find.ts'
import { runParam } from '../lib/runs/run-param.ts'
import { showData, showText } from '../lib/runs/show-text.ts'
import { knownParams } from './known.ts'

export default defineTask({
  name: 'show',
  summary: 'Show how a run stands on each of its hosts',
  description:
    'Hosts that agree are told together; where a step failed, its last lines are there. Reads only what the hosts keep.',
  params: z.strictObject({
    run: runParam,
    steps: z.boolean().default(false).describe('every step with its time'),
  }),
  args: ['run'],
  hosts: 'all',
  examples: ['fleet show 3f9a', 'fleet show 20261122T120000123-3f9a --steps'],
  async run(ctx, { run: text, steps }) {
    const { run } = await askForRun(ctx, text)
    const task = typeof run.record === 'string' ? '' : run.record.task
    const params = (await knownParams([task])).get(task)
    ctx.print(showText(run, { now: ctx.now(), params, steps }))
    const isPartial = run.parts.some(({ reason }) => reason !== undefined)
    return { data: showData(run), exitCode: isPartial ? 9 : 0 }
  },
})
