import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { admitAll } from '../lib/proxy/admission.ts'
import { frontOf } from '../lib/proxy/front.ts'
import { pageResources } from '../lib/proxy/front-door-resources.ts'
import { leasesOn, takeLeases } from '../lib/lease/lease.ts'
import { maintenancePages } from '../lib/proxy/maintenance-pages.ts'

export default defineTask({
  name: 'maintenance',
  summary: 'Show the users of a service its maintenance page, or let them in again',
  description:
    'All proxies answer with status 503 and the page of the service; its health path still answers from the slot that is ' +
    'live. It lasts, through reloads and restarts of the proxies, until it is turned off.',
  params: z.strictObject({
    state: z.enum(['on', 'off']).describe('on or off'),
    service: z.string().default('web').meta({ description: 'a service behind a proxy', names: 'service' }),
  }),
  args: ['state', 'service'],
  hosts: 'all',
  examples: ['fleet maintenance on web', 'fleet maintenance off web'],
  async run(ctx, { state, service: name }) {
    const { door, hosts, proxies, anyhow } = frontOf(ctx, name)
    const { kind = 'haproxy', maintenance: path } = door
    const isOn = state === 'on'
    const pages =
      path === undefined || !isOn
        ? new Map<string, string>()
        : await maintenancePages(ctx, [{ name, maintenance: path }])
    await using _held = await takeLeases(ctx, leasesOn(hosts, name))
    // It may have been written anew since the last deploy.
    if (pages.size > 0) await ctx.apply(pageResources(kind, pages), hosts)
    if (ctx.planOnly) {
      ctx.note(`would turn maintenance of ${name} ${state} on ${hosts.map(host => host.name).join(', ')}`)
      return { data: { service: name, maintenance: isOn, changed: [] } }
    }
    const { changed } = await admitAll(proxies, { maintenance: isOn }, anyhow)
    const what = isOn ? 'users get the maintenance page' : 'users are let in'
    const where = `on ${hosts.map(host => host.name).join(', ')}`
    ctx.print(`${name}: ${what} ${where}${changed.length === 0 ? ': as before, 0 changes' : ''}`)
    return { data: { service: name, maintenance: isOn, changed } }
  },
})
