import { HealthError } from '../errors.ts'
import { tail } from '../text/last-lines.ts'
import { sh } from '../shell/sh.ts'
import { migrationsOf } from './migrations.ts'
import { editionOf, serviceFolder, type Manifest } from './manifest.ts'
import { markedHosts, spreadMark } from './migrated.ts'
import type { Swap } from './swap-target.ts'

/**
 * Runs the service's migration once for an edition, on the first of its hosts, in the new image with the new
 * environment. A run that was cut off is waited for, then repeated; one that ended well is not, on whichever host it was:
 * any host's mark counts, and all hosts get it. The service's leases are held.
 */
export async function migrate({ ctx, target }: Swap, manifest: Manifest): Promise<boolean> {
  const { expand: words = [] } = migrationsOf(target.service)
  const [host] = target.hosts
  if (words.length === 0 || host === undefined) return false
  const path = `${serviceFolder(manifest.service)}/${editionOf(manifest)}`
  const mark = `${path}.migrated`
  const name = `${manifest.service}-migrate`
  const marked = await markedHosts(ctx, target.hosts, target.away ?? [], mark)
  if (marked.length > 0) {
    await spreadMark(ctx, target.hosts, marked, mark)
    return false
  }
  const command = sh`set -eu
docker container wait ${name} >/dev/null 2>&1 || true
docker rm --force ${name} >/dev/null 2>&1 || true
docker run --rm --name ${name} --env-file ${`${path}.env`} --env ${`FLEETFILE_RELEASE=${manifest.release}`} --cap-drop ALL --security-opt no-new-privileges ${manifest.image} ${words} 2>&1
touch ${mark}`
  ctx.phase(`Migrate ${target.name} on ${host.name}`)
  const result = await ctx.on(host).run(command, { root: true, anyExitCode: true, timeout: 3_600_000 })
  const output = result.stdout.toString('utf8')
  if (result.exitCode === 0) {
    await spreadMark(ctx, target.hosts, [host], mark)
    return true
  }
  throw new HealthError(
    `the migration failed (exit code ${result.exitCode}); no traffic has gone to ${manifest.label}${tail(output || result.stderr.toString('utf8'), { count: 20, width: 300 })}`,
    { host: host.name, hint: 'correct the migration, then deploy again' },
  )
}
