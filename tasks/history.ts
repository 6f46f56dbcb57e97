import { z } from 'zod'
import { parseSince } from '../lib/logs/select.ts'
import { defineTask } from '../lib/index.ts'
import { askHosts } from '../lib/runs/ask.ts'
import { filterHistory, historyOf } from '../lib/runs/history.ts'
import { historyTable } from '../lib/runs/history-table.ts'
import { knownParams } from './known.ts'

/** Bytes of a host's audit log that are read: some thousands of runs. */
const LOG = 1024 * 1024
/** Records that are read for what the log does not say. */
const RECORDS = 200

export default defineTask({
  name: 'history',
  summary: 'Show who ran what on the hosts, when, why, and how it went',
  description:
    "Puts the hosts' audit logs together, one line a run, the latest first. Clocks of hosts do not matter: a run's time is " +
    'that of the operator who began it.',
  params: z.strictObject({
    host: z.string().optional().meta({ description: 'only what this host knows of', names: 'host' }),
    service: z.string().optional().meta({ description: 'only runs about this service', names: 'service' }),
    by: z.string().min(1).optional().describe('only runs of this operator: ann, or ann@laptop'),
    since: z.string().optional().describe('only from then on: 2h, 7d, 2026-11-20, 2026-11-20T12:00:00Z'),
    limit: z.int().min(1).max(10_000).default(50).describe('how many, the latest first'),
  }),
  hosts: 'all',
  examples: ['fleet history --since 7d', 'fleet history --service web --by ann'],
  async run(ctx, { host: only, service, by, since, limit }) {
    const from = since === undefined ? undefined : parseSince(since, ctx.now().getTime())
    const hosts = ctx.hosts.filter(({ name }) => only === undefined || name === only)
    const answers = await askHosts(ctx, hosts, { runs: { newest: RECORDS }, journals: 'none', audit: LOG })
    for (const host of hosts) {
      const answer = answers.hosts.get(host.name)
      if (answer === undefined) continue
      if (answer.unreadable > 0) ctx.warn(`${answer.unreadable} lines of its audit log are unreadable`, host)
      if (answer.isAuditPart) ctx.note('its audit log is long: only the end of it was read', host)
    }
    const entries = filterHistory(historyOf(answers), { since: from, service, by }).slice(0, limit)
    const isNarrow = [only, service, by, since].some(each => each !== undefined)
    if (entries.length === 0) ctx.note(`no run is ${isNarrow ? 'like that' : 'known'}`)
    else
      ctx.print(
        historyTable(entries, await knownParams(entries.map(({ task }) => task)), ctx.console.columns),
      )
    return {
      data: { runs: entries, unreachable: [...answers.silent.keys()] },
      exitCode: answers.silent.size > 0 ? 9 : 0,
    }
  },
})
