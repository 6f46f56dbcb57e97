import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { catchUp } from '../lib/rollout/catch-up.ts'
import { bodies } from '../templates/index.ts'

export default defineTask({
  name: 'catch-up',
  summary: 'Bring quarantined hosts to the release of the others and back into service',
  description:
    'A host that a deploy could not reach and left out (`unreachable: skip`) gets the release that the other hosts run by ' +
    'now, from one of them; it is checked, and put back into the load balancer. A host of a pair keeps its release and gets what is live, or ends it, as the proxies say. One that still cannot be reached stays as it is.',
  params: z.strictObject({
    hosts: z
      .array(z.string().meta({ names: 'host' }))
      .default([])
      .describe('hosts to catch up; all that are in quarantine unless told'),
  }),
  args: ['hosts'],
  hosts: 'all',
  examples: ['fleet catch-up', 'fleet catch-up web2', 'fleet catch-up web2 --plan'],
  async run(ctx, { hosts: names }) {
    const wanted = ctx.hosts.filter(({ name }) => names.length === 0 || names.includes(name))
    const { caughtUp, quarantined } = await catchUp(ctx, wanted, bodies)
    for (const { host, service, label, release, serves } of caughtUp) {
      const what = `${host}: ${service} ${label} (${release})`
      if (serves === undefined) ctx.print(`${what}, as the others; back in service`)
      else ctx.print(`${what}, ${serves ? 'which serves' : 'idle'}; back in its pair`)
    }
    if (quarantined === 0) {
      const whom = names.length === 0 ? 'no host' : `none of ${names.join(', ')}`
      ctx.print(`nothing to catch up: ${whom} is in quarantine`)
    }
    return { data: { caughtUp } }
  },
})
