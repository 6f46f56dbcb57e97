import { HealthError } from '../errors.ts'
import { backUp } from './backup.ts'
import type { Manifest } from '../release/manifest.ts'
import { markedHosts, spreadMark } from './migrated.ts'
import { migrationsOf } from './migrations.ts'
import { migrationMark, runMigration } from './run-migration.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'

/**
 * Before any traffic: the service's backup, then its `expand` migration once for an edition, on the first of its hosts, in
 * the new image with the new environment. A run that was cut off is waited for, then repeated, with a backup of its own;
 * one that ended well is not, on whichever host it was: any host's mark counts, and all hosts get it. The service's leases
 * are held.
 */
export async function migrate(swap: Opened<ContainerTarget>, manifest: Manifest): Promise<boolean> {
  const { ctx, target } = swap
  const { expand = [] } = migrationsOf(target.service)
  const [host] = target.hosts
  if (expand.length === 0 || host === undefined) return false
  const mark = migrationMark(manifest, 'expand')
  const marked = await markedHosts(ctx, target.hosts, target.away ?? [], mark)
  if (marked.length > 0) {
    await spreadMark(ctx, target.hosts, marked, mark)
    return false
  }
  await backUp(swap)
  ctx.phase(`Migrate ${target.name} on ${host.name}`)
  const failed = await runMigration(swap, host, manifest, 'expand', expand)
  if (failed === undefined) return true
  throw new HealthError(
    `the migration failed (${failed.why}); no traffic has gone to ${manifest.label}${failed.said}`,
    { host: host.name, hint: 'correct the migration, then deploy again' },
  )
}
