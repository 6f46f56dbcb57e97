import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { askHosts } from '../lib/runs/ask.ts'
import { fleetRuns } from '../lib/runs/fleet-run.ts'
import { runsTable } from '../lib/runs/runs-table.ts'
import { showData } from '../lib/runs/show-text.ts'
import { knownParams } from './known.ts'

export default defineTask({
  name: 'runs',
  summary: 'List the latest runs on the hosts, whoever began them',
  description:
    'Asks every host for what it keeps, so that it tells the same from any machine. A run is `open` when nothing of it ' +
    'runs and nobody said that it ended, and `cut` where a host lost it in the middle of its work.',
  params: z.strictObject({
    limit: z.int().min(1).max(1000).default(20).describe('how many, the latest first'),
  }),
  hosts: 'all',
  examples: ['fleet runs', 'fleet runs --limit 5 --on web --json'],
  async run(ctx, { limit }) {
    const answers = await askHosts(ctx, ctx.hosts, { runs: { newest: limit }, journals: 'ends' })
    const runs = fleetRuns(answers).slice(0, limit)
    const known = await knownParams(
      runs.flatMap(({ record }) => (typeof record === 'string' ? [] : [record.task])),
    )
    if (runs.length === 0) ctx.note('no runs yet')
    else ctx.print(runsTable(runs, known, ctx.now(), ctx.console.columns))
    return {
      data: { runs: runs.map(showData), unreachable: [...answers.silent.keys()] },
      exitCode: answers.silent.size > 0 ? 9 : 0,
    }
  },
})
