import { ConfigError, HealthError } from '../errors.ts'
import { sh } from '../shell/sh.ts'
import { lastLines, tail } from '../text/last-lines.ts'
import { migrationsOf } from './migrations.ts'
import { stoppedIn } from './stopped-in.ts'
import { tellWaits, WAITS } from './waits.ts'
import type { ContainerTarget, Opened } from '../swap/swap-target.ts'

/** Milliseconds. */
const PATIENCE = 6 * 3_600_000

/** Held on the host for as long as a backup of the service works: two at once would write the same file. */
const lockFile = (service: string): string => `/run/fleetfile/${service}.backup`

/**
 * Runs the service's backup, where it has one, on the host that it names. One that goes on there after a run that was
 * stopped is waited for. Throws a HealthError with its last lines when it fails: nothing is migrated without it.
 */
export async function backUp({
  ctx,
  target,
}: Pick<Opened<ContainerTarget>, 'ctx' | 'target'>): Promise<void> {
  const { backup } = migrationsOf(target.service)
  if (backup === undefined) return
  const host = target.backup
  if (host === undefined) {
    throw new ConfigError(`the backup of ${target.name} runs on ${backup.on}, which does not exist yet`, {
      hint: 'fleet hosts',
    })
  }
  ctx.phase(`Back up on ${host.name}`)
  // Not the script's last word: a shell that became the backup would let go of the lock.
  const command = sh`set -eu
mkdir -p /run/fleetfile
exec 9>${lockFile(target.name)}
flock --nonblock 9 || { echo ${WAITS} >&2; flock 9; }
sh -c ${backup.command} 2>&1 9>&- || exit $?`
  const { exitCode, stdout } = await ctx
    .on(host)
    .run(command, { root: true, anyExitCode: true, timeout: PATIENCE, ...tellWaits(ctx, host, 'a backup') })
    .catch((error: unknown) => {
      throw stoppedIn(error, host, 'the backup')
    })
  const output = stdout.toString('utf8')
  if (exitCode !== 0) {
    throw new HealthError(
      `the backup failed (exit code ${exitCode}): nothing was migrated, and nothing has changed for users${tail(output, { count: 20, width: 300 })}`,
      {
        host: host.name,
        hint: `correct services.${target.name}.migrate.backup, then run the same command again`,
      },
    )
  }
  for (const line of lastLines(output, { count: 5, width: 300 })) ctx.note(line, host)
}
