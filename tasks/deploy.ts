import { z } from 'zod'
import { defineTask } from '../lib/index.ts'
import { isChosen, requireChosen } from '../lib/rollout/chosen.ts'
import { swapIn, swapTarget } from '../lib/swap/deploy-container.ts'
import { deployProcesses } from '../lib/rollout/deploy-processes.ts'
import { isPair } from '../lib/fleet/pair-model.ts'
import { targetOf } from '../lib/swap/target-of.ts'
import { buildEarly, isFirstDeploy } from '../lib/swap/first-deploy.ts'
import { applyFoundation } from '../lib/provision/foundation.ts'
import { takeLeases } from '../lib/lease/lease.ts'
import { muster } from '../lib/rollout/muster.ts'
import { serviceLeases } from '../lib/lease/service-leases.ts'
import { servicesNamed } from '../lib/rollout/services-named.ts'
import { releaseParams } from '../lib/release/release-params.ts'
import { serviceRelease } from '../lib/release/service-release.ts'
import { refuseOrder, strategyOf } from '../lib/rollout/strategy.ts'
import { slotHosts } from '../lib/swap/slot-hosts.ts'
import { setUpSwarms } from '../lib/swarm/set-up-roles.ts'
import { strategyParams } from '../lib/rollout/strategy-params.ts'
import { tellPartial } from '../lib/rollout/tell-partial.ts'
import { bodies } from '../templates/index.ts'

/** What one service's roll-out came to. */
interface Rolled {
  readonly service: string
  readonly release: string
  readonly label: string
  readonly changed: number
}

export default defineTask({
  name: 'deploy',
  summary: 'Roll a release of the services out to their hosts',
  description:
    'Installs what the services need, brings their code, migrates once, and restarts what changed; containers go into ' +
    'the idle slot and are swapped in. A second deploy of the same release changes nothing.',
  params: z.strictObject({
    service: z
      .string()
      .default('all')
      .meta({ description: 'a service of the fleet, or all', names: 'service or all' }),
    ...releaseParams,
    ...strategyParams,
  }),
  args: ['service'],
  hosts: 'all',
  examples: [
    'fleet deploy',
    'fleet deploy sync --release v1.4.2 --order canary:1,rest:25%',
    'fleet deploy web --release ./app --plan',
  ],
  async run(ctx, { service: name, release: ref, uncommitted, ...options }) {
    const named = servicesNamed(ctx.fleet, name)
    const services = named.filter(([service, spec]) => isChosen(ctx, service, spec))
    const [first] = named
    if (services.length === 0 && first !== undefined) requireChosen(ctx, ...first)
    const left = named.filter(each => !services.includes(each)).map(([service]) => service)
    if (left.length > 0) ctx.note(`left out by --on: ${left.join(', ')}`)
    refuseOrder(services, options)
    // Every release is found before anything changes: a wrong name must not stop a roll-out half-way.
    const releases = await Promise.all(
      services.map(([each, service]) =>
        serviceRelease(ctx, each, service, ref, { uncommitted: uncommitted ? 'take' : 'refuse' }),
      ),
    )
    const candidates = services.flatMap(([service, spec], index) => {
      const release = releases[index]
      const strategy = strategyOf(spec, options)
      return release === undefined ? [] : [{ name: service, service: spec, strategy, release }]
    })
    const mustered = await muster(ctx, candidates)
    await using _held = await takeLeases(ctx, serviceLeases({ ...ctx, hosts: mustered.hosts }, services))
    await mustered.write()
    ctx.phase('what the releases stand on: packages, stores, engines, proxies')
    const [foundation] = await Promise.all([
      applyFoundation(
        { ...ctx, hosts: mustered.hosts },
        services.map(([, service]) => service),
        bodies,
      ),
      ...services.map(async ([service, spec], index) => {
        const release = releases[index]
        if (spec.kind === 'container' && release !== undefined) {
          await buildEarly(ctx, swapTarget(ctx, service, spec), release)
        }
      }),
    ])
    const joined = await setUpSwarms(
      ctx,
      services.map(([, service]) => service),
      mustered.hosts,
    )
    const below = foundation.total + joined
    const rolled: Rolled[] = []
    const partial: string[] = []
    for (const candidate of candidates) {
      const { name: service, service: spec, strategy, release } = candidate
      const away = mustered.away(service)
      ctx.phase(`deploy ${service} ${release.label} (${release.id})`)
      if (spec.kind === 'processes' && !isPair(spec)) {
        const report = await deployProcesses(ctx, service, spec, release, bodies, { strategy, away })
        await mustered.add(candidate, report.lost)
        partial.push(...tellPartial(ctx, candidate, report.failed))
        const { total } = report
        rolled.push({ service, release: release.id, label: release.label, changed: total })
        continue
      }
      const target = targetOf(ctx, service, spec, mustered.leftOut(service))
      if (ctx.planOnly && (await isFirstDeploy(ctx, target))) {
        ctx.note(`would start ${release.label} (${release.id}) as the first release of ${service}`)
        continue
      }
      const report = await swapIn(ctx, target, release, bodies)
      partial.push(...(report.unnoted ?? []))
      const swapped = report.outcome === 'unchanged' ? 0 : slotHosts(target, report.slot).length
      rolled.push({ service, release: release.id, label: release.label, changed: swapped })
    }
    if (below > 0) ctx.print(`the hosts: ${changes(below, ctx.planOnly)}`)
    for (const each of rolled) ctx.print(said(each, ctx.planOnly))
    return {
      data: {
        services: rolled,
        failed: [...new Set(partial)],
        quarantined: mustered.fresh,
        changed: rolled.reduce((sum, { changed }) => sum + changed, below),
      },
      exitCode: !ctx.planOnly && partial.length + mustered.fresh.length > 0 ? 9 : 0,
    }
  },
})

const changes = (count: number, isPlan: boolean): string =>
  `${count} change${count === 1 ? '' : 's'}${isPlan ? ' to make' : ''}`

const said = ({ service, label, release, changed }: Rolled, isPlan: boolean): string =>
  `${service}: ${label} (${release})${changed === 0 ? ' is there already: ' : ', '}${changes(changed, isPlan)}`
