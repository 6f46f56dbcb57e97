import { z } from 'zod'
import { defineTask, UsageError } from '../lib/index.ts'
import { isPair } from '../lib/fleet/pair-model.ts'
import { presentTarget } from '../lib/swap/present-target.ts'
import { readProcessReleases } from '../lib/release/process-releases.ts'
import { processReleasesTable, releasesTable } from '../lib/release/releases-table.ts'
import { releaseRows } from '../lib/release/releases.ts'
import { servicesNamed } from '../lib/rollout/services-named.ts'
import { openSwap } from '../lib/swap/swap-target.ts'

export default defineTask({
  name: 'releases',
  summary: 'List the releases of a service: who, when, where, and the way back to each',
  description:
    'What serves is asked of the proxies. `env` names the configuration, the environment included: a changed secret makes ' +
    'another line of the same release.',
  params: z.strictObject({
    service: z.string().default('web').meta({ description: 'a service', names: 'service' }),
  }),
  args: ['service'],
  hosts: 'all',
  examples: ['fleet releases web', 'fleet releases sync --json'],
  async run(ctx, { service: name }) {
    const services = servicesNamed(ctx.fleet, name)
    const [[, service] = [], ...more] = services
    if (service === undefined || more.length > 0) {
      throw new UsageError('one service at a time', {
        hint: services.map(([each]) => `fleet releases ${each}`).join('; '),
      })
    }
    if (service.kind === 'processes' && !isPair(service)) {
      const hosts = ctx.allHosts.filter(({ role }) => role === service.role)
      const rows = await readProcessReleases(ctx, name, hosts)
      if (rows.length === 0) ctx.note(`no release of ${name} yet`)
      else ctx.print(processReleasesTable(rows, ctx.now(), ctx.console.columns))
      return { data: { service: name, releases: rows } }
    }
    const swap = openSwap(ctx, await presentTarget(ctx, name, service))
    const [view, hosts] = await Promise.all([swap.read(), swap.slots.releases()])
    if (view.live === 'mixed') {
      ctx.warn(`a flip of ${name} was cut off: both slots take requests; hint: fleet deploy ${name}`)
    }
    const rows = releaseRows(hosts, view.live === 'mixed' ? undefined : view.live, swap.names)
    if (rows.length === 0) ctx.note(`no release of ${name} yet`)
    else ctx.print(releasesTable(rows, ctx.now(), ctx.console.columns))
    return { data: { service: name, live: view.live, releases: rows } }
  },
})
