import { resolve } from 'node:path'
import { z } from 'zod'
import { ConfigError, defineTask, UsageError, type TaskContext } from '../lib/index.ts'
import { movedSince } from '../lib/plan/compare.ts'
import { hashOfPlan, readPlan } from '../lib/plan/document.ts'
import { planFleet, planSummary, showPlan, type FleetPlan } from '../lib/plan/fleet-plan.ts'
import { Reviewed } from '../lib/plan/reviewed.ts'
import { isSlotChange } from '../lib/proxy/serving.ts'
import { fleetWanted } from '../lib/plan/wanted.ts'
import { isChosen } from '../lib/rollout/chosen.ts'
import { PLAN_PIN } from '../lib/runs/record.ts'
import type { Invocation } from '../lib/task/define.ts'
import { bodies as deploy, provisionBodies as provision } from '../templates/index.ts'

const bodies = { provision, deploy }

/** The parts of a plan: what each command has to do. */
function commandsOf(ctx: TaskContext, { hosts, wanted }: FleetPlan): readonly ('provision' | 'deploy')[] {
  const needed = new Set<'provision' | 'deploy'>()
  for (const host of ctx.hosts) {
    const provisioned = wanted.provisioned(host)
    for (const { resource } of hosts.get(host.name)?.changes ?? []) {
      needed.add(provisioned.has(resource) ? 'provision' : 'deploy')
    }
  }
  return (['provision', 'deploy'] as const).filter(command => needed.has(command))
}

/** Throws, before anything changes, when a deploy of these hosts alone would leave out a part of the plan. */
async function checkReach(ctx: TaskContext, plan: FleetPlan): Promise<void> {
  const services = Object.entries(ctx.fleet.services).filter(([name, service]) =>
    isChosen(ctx, name, service),
  )
  const reached = await fleetWanted(
    ctx,
    ctx.hosts,
    new Map(services.flatMap(([name]) => [...plan.releases].filter(([service]) => service === name))),
    bodies,
  )
  const left = ctx.hosts.flatMap(host => {
    const ids = new Set(reached.of(host).flatMap(({ id, notify }) => [id, ...notify.map(each => each.id)]))
    return (plan.hosts.get(host.name)?.changes ?? [])
      .filter(change => !ids.has(change.resource) && !isSlotChange(change))
      .map(({ resource }) => `${host.name}: ${resource}`)
  })
  if (left.length > 0) {
    throw new UsageError(
      ['a deploy of these hosts alone leaves out a part of the plan', ...left.map(line => `  ${line}`)].join(
        '\n',
      ),
      { hint: 'fleet plan --out plan.json, with the hosts of the services as well' },
    )
  }
}

export default defineTask({
  name: 'apply',
  summary: 'Apply a plan file, or refuse when something has moved',
  description:
    'Looks at the hosts again. When one has moved since `fleet plan --out`, or the source or the fleet file has, nothing is ' +
    'changed and the differences are shown (exit code 2). What was compared then is applied by the usual provision and ' +
    'deploy. They look again right before they act, and where anything has moved by then that host is left as it is, with ' +
    'exit code 2 as well. A plan that was applied has nothing left to do.',
  params: z.strictObject({ file: z.string().describe('what `fleet plan --out` wrote') }),
  args: ['file'],
  hosts: 'all',
  examples: ['fleet apply plan.json'],
  async run(ctx, { file }) {
    const path = resolve(ctx.paths.cwd, file)
    const document = await readPlan(path, { tool: ctx.record.tool, fleet: ctx.fleet.name })
    if (ctx.record.on.length > 0) {
      throw new UsageError('--on: a plan is applied as it was reviewed, on all its hosts', {
        hint: 'fleet plan --on ... --out plan.json',
      })
    }
    const names = Object.keys(document.hosts)
    const chosen = { ...ctx, hosts: ctx.allHosts.filter(({ name }) => names.includes(name)) }
    const { release } = document.invocation
    const plan = await planFleet(chosen, { release, bodies })
    const { total, text } = planSummary(plan.hosts)
    if (total === 0 && plan.hosts.size === names.length) {
      ctx.print(text)
      return { data: { changes: 0 } }
    }
    const releases = [...plan.releases].flatMap(([service, { id }]) =>
      document.releases[service] === id
        ? []
        : [`release of ${service}: was ${document.releases[service] ?? 'none'}, is ${id} now`],
    )
    const moved = movedSince(new Map(Object.entries(document.hosts)), plan.hosts)
    const issues = [
      ...releases,
      ...moved.flatMap(({ host, differences }) => differences.map(line => `${host}: ${line}`)),
    ]
    if (issues.length > 0) {
      const count = moved.length > 0 ? `${moved.length} of ${names.length} hosts moved` : 'the source moved'
      throw new ConfigError(`${count} since ${file} was made: nothing was changed`, {
        issues,
        hint: `fleet plan --out ${file}`,
      })
    }
    const commands = commandsOf(chosen, plan)
    if (commands.includes('deploy')) await checkReach(chosen, plan)
    showPlan(ctx, plan.hosts, { isResult: ctx.planOnly })
    if (ctx.planOnly) {
      ctx.print(text)
      return { data: { changes: total } }
    }
    const releasePins = Object.fromEntries(
      Object.entries(document.releases).map(([service, id]) => [`release ${service}`, id]),
    )
    const pins = { [PLAN_PIN]: hashOfPlan(document).slice(0, 12) }
    const about = { on: names, decidedBy: 'the plan', review: new Reviewed(plan, chosen.hosts) }
    const invocation = (task: 'provision' | 'deploy'): Invocation =>
      task === 'provision'
        ? { task, params: {}, pins, ...about }
        : {
            task,
            params: { service: 'all', ...(release === undefined ? {} : { release }) },
            pins: { ...pins, ...releasePins },
            ...about,
          }
    const [first, second] = commands.map(invocation)
    if (first === undefined) return { data: { changes: total } }
    return { next: second === undefined ? first : { ...first, followedBy: second } }
  },
})
