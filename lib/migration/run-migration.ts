import { meaningOf } from '../container/exit-code.ts'
import { VARIABLE_NAMES } from '../container/health-script.ts'
import { missesVariable } from '../container/missing-variable.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { rawShell, sh } from '../shell/sh.ts'
import { tail } from '../text/last-lines.ts'
import { editionOf, serviceFolder, type Manifest } from '../release/manifest.ts'
import { spreadMark } from './migrated.ts'
import { stoppedIn } from './stopped-in.ts'
import { tellWaits, WAITS } from './waits.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'

/** Milliseconds. A change of a large table takes its time; killing it half-way is worse. */
const PATIENCE = 6 * 3_600_000

/** A migration that failed. */
export interface FailedMigration {
  /** Its exit code, and what is known of the reason. */
  readonly why: string
  /** Its last lines, each on an indented line of its own. */
  readonly said: string
}

export type MigrationKind = 'expand' | 'contract'

/** Where a host keeps that a release's migration has run. */
export const migrationMark = (manifest: Manifest, kind: MigrationKind): string =>
  `${serviceFolder(manifest.service)}/${editionOf(manifest)}.${kind === 'expand' ? 'migrated' : 'contracted'}`

/**
 * Runs a migration in a release's own image and environment on one host, and marks it done on all of them. One that was
 * cut off is waited for, then run again. Resolves with what is to say of it when it fails.
 */
export async function runMigration(
  { ctx, target }: Opened<ContainerTarget>,
  host: FleetHost,
  manifest: Manifest,
  kind: MigrationKind,
  words: readonly string[],
): Promise<FailedMigration | undefined> {
  const { engine = 'docker' } = target.service
  const env = `${serviceFolder(manifest.service)}/${editionOf(manifest)}.env`
  const name = `${manifest.service}-migrate`
  const mark = migrationMark(manifest, kind)
  const command = sh`set -eu
[ -z "$(${engine} ps --quiet --filter ${`name=^${name}$`})" ] || echo ${WAITS} >&2
${engine} container wait ${name} >/dev/null 2>&1 || true
${engine} rm --force ${name} >/dev/null 2>&1 || true
${engine} run --rm --name ${name} --env-file ${env} --env ${`FLEETFILE_RELEASE=${manifest.release}`} --cap-drop ALL --security-opt no-new-privileges ${manifest.image} ${words} 2>&1
touch ${mark}`
  const result = await ctx
    .on(host)
    .run(command, {
      root: true,
      anyExitCode: true,
      timeout: PATIENCE,
      ...tellWaits(ctx, host, `a migration`),
    })
    .catch((error: unknown) => {
      throw stoppedIn(error, host, `the ${kind} migration`)
    })
  if (result.exitCode !== 0) {
    const output = result.stdout.toString('utf8') || result.stderr.toString('utf8')
    const names = await ctx.on(host).read(sh`${rawShell(VARIABLE_NAMES)} <${env}`, {
      root: true,
      anyExitCode: true,
    })
    const misses = missesVariable(output, names.stdout.toString('utf8'))
    const why = `exit code ${result.exitCode}${misses || meaningOf(result.exitCode)}`
    return { why, said: tail(output, { count: 20, width: 300 }) }
  }
  await spreadMark(ctx, target.hosts, [host], mark)
  return undefined
}
