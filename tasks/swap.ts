import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { requireChosen } from '../lib/rollout/chosen.ts'
import { slottedNamed } from '../lib/rollout/services-named.ts'
import { swapIn } from '../lib/swap/deploy-container.ts'
import { targetOf } from '../lib/swap/target-of.ts'
import { takeLeases } from '../lib/lease/lease.ts'
import { muster } from '../lib/rollout/muster.ts'
import { releaseParams } from '../lib/release/release-params.ts'
import { serviceRelease } from '../lib/release/service-release.ts'
import { serviceLeases } from '../lib/lease/service-leases.ts'
import { strategyOf } from '../lib/rollout/strategy.ts'
import { bodies } from '../templates/index.ts'

export default defineTask({
  name: 'swap',
  summary: 'Start a release in the idle slot and send all traffic to it',
  description:
    'Builds, ships, starts and checks the release beside the one that serves; then flips the proxy, drains the old slot and ' +
    'watches. The old slot stays warm for `fleet rollback`. No request fails while it happens.',
  params: z.strictObject({
    service: z.string().default('web').meta({ description: 'a service with slots', names: 'service' }),
    ...releaseParams,
  }),
  args: ['service'],
  hosts: 'all',
  examples: ['fleet swap web --release v2', 'fleet swap web --release ./app --plan'],
  async run(ctx, { service: name, release: ref, uncommitted }) {
    const service = slottedNamed(ctx.fleet, name)
    requireChosen(ctx, name, service)
    const release = await serviceRelease(ctx, name, service, ref, {
      uncommitted: uncommitted ? 'take' : 'refuse',
    })
    const mustered = await muster(ctx, [{ name, service, strategy: strategyOf(service), release }])
    await using _held = await takeLeases(
      ctx,
      serviceLeases({ ...ctx, hosts: mustered.hosts }, [[name, service]]),
    )
    await mustered.write()
    const report = await swapIn(ctx, targetOf(ctx, name, service, mustered.leftOut(name)), release, bodies)
    if (report.outcome === 'deployed')
      ctx.print(`${name}: ${release.label} (${release.id}) serves from ${report.slot}`)
    if (report.outcome === 'unchanged')
      ctx.print(`${name}: ${release.label} (${release.id}) serves already: 0 changes`)
    const isPartial = report.unnoted !== undefined || mustered.fresh.length > 0
    return { data: { ...report, quarantined: mustered.fresh }, exitCode: isPartial ? 9 : 0 }
  },
})
