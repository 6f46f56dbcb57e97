import { z } from 'zod'
import { ConfigError, defineTask } from '../../lib/index.ts'
import { leasesOn, withLeases } from '../../lib/lease/lease.ts'
import { serviceProgram } from '../../lib/rollout/processes.ts'

export default defineTask({
  name: 'workers set',
  summary: 'Set how many workers each sync host runs',
  description:
    'Starts or stops workers at once. A worker that is stopped finishes its user first. The number holds until the next ' +
    'deploy, which goes back to the fleet file.',
  params: z.strictObject({
    count: z.number().int().min(0).max(64).describe('workers a host'),
    service: z.string().default('sync').meta({ description: 'the service that runs them', names: 'service' }),
    program: z.string().default('worker').describe('its program'),
  }),
  hosts: (fleet, { service }) => {
    const role = fleet.services[service]?.role
    if (role === undefined) throw new ConfigError(`unknown service ${service}`, { hint: 'fleet status' })
    return [role]
  },
  examples: ['fleet workers set --count 4', 'fleet workers set --count 0 --on sync3'],
  async run(ctx, { count, service: name, program }) {
    const service = ctx.fleet.services[name]
    if (service?.kind !== 'processes' || service.programs?.[program] === undefined) {
      const programs = service?.kind === 'processes' ? Object.keys(service.programs ?? {}) : []
      throw new ConfigError(`${name} has no program "${program}"`, {
        hint: `programs of ${name}: ${programs.join(', ') || 'none'}`,
      })
    }
    const report = await withLeases(ctx, leasesOn(ctx.hosts, name), () =>
      ctx.apply([serviceProgram({ fleet: ctx.fleet.name, name, service }, program, count)]),
    )
    if (!ctx.planOnly) {
      ctx.print(
        report.total === 0
          ? `${count} workers a host already: nothing changed`
          : `${count} workers a host on ${[...report.changed]
              .filter(([, ids]) => ids.length > 0)
              .map(([host]) => host)
              .join(', ')}`,
      )
    }
    return { data: { count, changed: Object.fromEntries(report.changed) } }
  },
})
