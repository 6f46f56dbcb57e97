import { Readable } from 'node:stream'
import { z } from 'zod'
import { defineTask, UsageError, type TaskContext } from '../lib/index.ts'
import { chooseOrphans, parseNames } from '../lib/orphans/choose.ts'
import { fleetOrphans } from '../lib/orphans/fleet-orphans.ts'
import { declaredNames } from '../lib/orphans/find.ts'
import { orphanName, type Orphan } from '../lib/orphans/orphan.ts'
import { removalOf } from '../lib/orphans/remove.ts'
import { renderOrphans } from '../lib/orphans/render.ts'
import { refuseServing } from '../lib/orphans/serving.ts'
import { fleetWanted, type FleetWanted } from '../lib/plan/wanted.ts'
import { bodies as deploy, provisionBodies as provision } from '../templates/index.ts'

/** What is declared does not hang on what a release holds: none is looked up. */
const anyRelease = { id: '0'.repeat(12), label: 'any', archive: () => Readable.from([]) }

const containersIn = (orphans: readonly Orphan[]): readonly string[] =>
  orphans.filter(({ type }) => type === 'container').map(({ name }) => name)

/** Throws when a name that no host has to spare is declared: then the fleet file has to go first. */
function refuseDeclared(ctx: TaskContext, missing: readonly string[], wanted: FleetWanted): void {
  const declared = new Set(
    ctx.hosts.flatMap(host => declaredNames(ctx.fleet, host, ctx.allHosts, wanted.of(host))),
  )
  const named = missing.filter(name => declared.has(name))
  if (named.length === 0) return
  throw new UsageError(`${named.join(', ')}: declared in the fleet file, so not removed`, {
    hint: `take it out of the fleet file of ${ctx.fleet.name} first`,
  })
}

export default defineTask({
  name: 'prune',
  summary: 'Remove what is there but no longer declared, asked for by name',
  description:
    'Takes names as `fleet diff` lists them, or `all` with the exact count (--yes 3). Nothing that the fleet file declares ' +
    'is ever removed, no container that serves, and no folder with data unless --data is given.',
  params: z.strictObject({
    names: z.array(z.string()).min(1).describe('cron old-job, user svc-old, unit old.service, ...; or all'),
    data: z.boolean().default(false).describe('remove folders with data as well'),
  }),
  args: ['names'],
  hosts: 'all',
  examples: [
    'fleet prune cron sync-watchdog',
    'fleet prune program sync-extra user svc-old --on sync',
    'fleet prune all --yes 3',
  ],
  async run(ctx, { names: words, data }) {
    const names = parseNames(words)
    const releases = new Map(Object.keys(ctx.fleet.services).map(service => [service, anyRelease]))
    const wanted = await fleetWanted(ctx, ctx.allHosts, releases, { provision, deploy })
    const found = await fleetOrphans(ctx, wanted)
    const orphans = new Map([...found].map(([host, each]) => [host, each.orphans]))
    const { remove, kept, missing } = chooseOrphans(orphans, names, data)
    refuseDeclared(ctx, missing, wanted)
    for (const name of missing) ctx.note(`${name}: no host has it`)
    if (kept.length > 0) ctx.note(`${kept.join(', ')}: kept, since --data is not given`)
    const total = [...remove.values()].reduce((sum, each) => sum + each.length, 0)
    if (total === 0) {
      ctx.print('nothing to remove')
      return { data: { removed: {} } }
    }
    await refuseServing(ctx, new Map([...remove].map(([host, each]) => [host, containersIn(each)])))
    if (!ctx.planOnly) {
      const listed = new Map([...remove].map(([host, each]) => [host, { orphans: each, ports: [] }]))
      ctx.print(renderOrphans(listed))
      const things = `${total} ${total === 1 ? 'thing' : 'things'}`
      await ctx.confirm({
        message: `Remove ${things} for good?`,
        ...(names[0] === 'all' ? { count: total } : {}),
      })
    }
    await ctx.apply(
      host => (remove.get(host.name) ?? []).map(removalOf),
      ctx.hosts.filter(({ name }) => (remove.get(name) ?? []).length > 0),
    )
    return {
      data: { removed: Object.fromEntries([...remove].map(([host, each]) => [host, each.map(orphanName)])) },
    }
  },
})
