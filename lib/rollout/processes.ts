import type { ProcessService } from '../fleet/model.ts'
import { hasOnce } from '../fleet/once.ts'
import { hasLive } from '../fleet/pair-model.ts'
import { cron } from '../resource/kinds/cron.ts'
import { directory } from '../resource/kinds/directory.ts'
import { file } from '../resource/kinds/file.ts'
import { packages } from '../resource/kinds/packages.ts'
import { supervisorProgram } from '../resource/kinds/supervisor.ts'
import { symlink } from '../resource/kinds/symlink.ts'
import { unit } from '../resource/kinds/unit.ts'
import { user } from '../resource/kinds/user.ts'
import type { Handler, Resource } from '../resource/resource.ts'
import { quote } from '../shell/quote.ts'
import type { Secret } from '../shell/secret.ts'
import { restartNoting } from './killed.ts'
import { once } from './once.ts'
import { unpackedRelease } from '../release/unpacked-release.ts'

export const RUN_SERVICE = '/usr/local/lib/fleetfile/run-service'
const RUN_ONCE = '/usr/local/lib/fleetfile/run-once'
const RUN_LIVE = '/usr/local/lib/fleetfile/run-live'
/** Seconds that the guard of a program may take after it, to say that it has ended. */
const GUARD = 5

/** One release of a process service on one host. */
export interface ProcessRollout {
  /** The fleet's name. */
  readonly fleet: string
  readonly name: string
  readonly service: ProcessService
  /** Its environment, as a file that a shell sources. */
  readonly env: Secret
  readonly release: { readonly id: string; readonly label: string }
  /** The release as a tar archive. */
  readonly archive: Uint8Array
  /** True on the one host that runs the migrations; every other host, and all once it is done, only notes it. */
  readonly migrates: boolean
  /** The body of the program that starts everything of the service. */
  readonly runService: string
  /** The body of the program that guards what runs once. */
  readonly runOnce: string
  /** The body of the program that keeps what is live on the live host. */
  readonly runLive: string
}

/** The system user of a service: prefixed, since Debian has users named `sync` and `backup` of its own. */
export const serviceUser = (service: string): string => `svc-${service}`

/** The name of a service's program in supervisor. */
export const programName = (service: string, program: string): string => `${service}-${program}`

/**
 * A command of the service with its environment, and guarded where it is to run on one host at a time: as one word for a
 * shell of its own, or the shell of cron would leave all but its first part unguarded.
 */
function started(
  { fleet, name }: Pick<ProcessRollout, 'fleet' | 'name'>,
  what: string,
  spec: { readonly command: string; readonly once?: boolean; readonly live?: boolean },
  mode: 'keep' | 'skip',
): string {
  if (spec.live === true) {
    // Outside of the service's own start: what waits takes the release and the environment of when it may go on.
    const own = mode === 'keep' ? spec.command : `sh -c ${quote(spec.command)}`
    return `${RUN_LIVE} ${name} ${mode} ${RUN_SERVICE} ${name} ${own}`
  }
  const command =
    spec.once === true
      ? `${RUN_ONCE} ${fleet}/${name}/${what} ${mode} sh -c ${quote(spec.command)}`
      : spec.command
  return `${RUN_SERVICE} ${name} ${command}`
}

/** The id under which hosts keep that a service was migrated for a release. */
export const migrationId = (service: string, release: string): string => `${service}-migrate-${release}`

/** The migration on the host that runs it; on any other the note that it has run. */
function migration(
  { name, release, migrates }: ProcessRollout,
  command: readonly string[],
  folder: string,
): Resource {
  const words = [RUN_SERVICE, name, ...command].map(quote).join(' ')
  const env = `FLEETFILE_RELEASE_DIR=${quote(folder)}`
  return once({
    id: migrationId(name, release.id),
    title: migrates
      ? `migrate ${name} to ${release.label}`
      : `note that ${name} is migrated to ${release.label}`,
    script: migrates ? `cd / && runuser -u ${quote(serviceUser(name))} -- env ${env} ${words}` : ':',
  })
}

/** A program of the service as supervisor runs it, in `count` processes. */
export function serviceProgram(
  rollout: Pick<ProcessRollout, 'fleet' | 'name' | 'service'>,
  program: string,
  count?: number,
): Resource {
  const spec = rollout.service.programs?.[program]
  if (spec === undefined) throw new TypeError(`${rollout.name} has no program ${program}`)
  return supervisorProgram({
    name: programName(rollout.name, program),
    command: started(rollout, program, spec, 'keep'),
    user: serviceUser(rollout.name),
    processes: count ?? spec.count ?? 1,
    startSeconds: spec.startSeconds ?? 2,
    stopSeconds: (spec.stopSeconds ?? 10) + (spec.once === true ? GUARD : 0),
  })
}

/** Seconds beside its own for each process: supervisor's answers, and the time it must stay up to count as started. */
const RESTART_MARGIN = 15

/**
 * Restarts what runs of the programs, one process after another so that the others go on working; each ends its work
 * first. One that does not stay up fails the deploy. On a first deploy nothing runs yet: supervisor starts it all a moment
 * later, with the new code.
 */
function restartPrograms(service: string, programs: NonNullable<ProcessService['programs']>): Handler {
  const seconds = Object.values(programs).map(
    ({ count = 1, stopSeconds = 10 }) => Math.max(count, 8) * (stopSeconds + RESTART_MARGIN),
  )
  return {
    id: `restart ${service}`,
    script: [
      `running=$(supervisorctl status | awk '$2 == "RUNNING" || $2 == "STARTING" { print $1 }' |`,
      `  grep -E '^${service}-(${Object.keys(programs).join('|')})_[0-9]+$') || exit 0`,
      restartNoting(service),
    ].join('\n'),
    timeout: seconds.reduce((sum, each) => sum + each, 0),
  }
}

/** What the service's programs need installed. */
export const processPackages = (service: ProcessService): Resource =>
  packages([
    'python3',
    'supervisor',
    'cron',
    ...(hasOnce(service) ? ['postgresql-client'] : []),
    // Its health is asked from the host itself.
    ...(service.pair === undefined ? [] : ['curl']),
    ...(service.packages ?? []),
  ])

/** Everything of a release on a host, in order: what it needs, its code, its migrations, the flip, what runs. */
export function processResources(rollout: ProcessRollout): readonly Resource[] {
  const { name, service, release } = rollout
  const home = `/srv/${name}`
  const owner = serviceUser(name)
  const folder = `${home}/releases/${release.id}`
  const restart = restartPrograms(name, service.programs ?? {})
  const notify = Object.keys(service.programs ?? {}).length > 0 ? [restart] : []
  return [
    processPackages(service),
    unit({ name: 'supervisor.service', enabled: true, active: true }),
    unit({ name: 'cron.service', enabled: true, active: true }),
    user({ name: owner, system: true, home }),
    directory({ path: '/usr/local/lib/fleetfile', mode: 0o755 }),
    file({ path: RUN_SERVICE, content: rollout.runService, mode: 0o755 }),
    ...(hasOnce(service) ? [file({ path: RUN_ONCE, content: rollout.runOnce, mode: 0o755 })] : []),
    ...(hasLive(service) ? [file({ path: RUN_LIVE, content: rollout.runLive, mode: 0o755 })] : []),
    directory({ path: `/etc/fleetfile/${name}`, mode: 0o750, group: owner }),
    ...(service.directories ?? []).map(path => directory({ path, mode: 0o750, owner, group: owner })),
    directory({ path: home, mode: 0o755 }),
    directory({ path: `${home}/releases`, mode: 0o755 }),
    unpackedRelease({ path: folder, archive: rollout.archive, label: release.label }),
    // One for each release: whatever fails before the flip leaves the old code with the old environment.
    file({
      path: `/etc/fleetfile/${name}/${release.id}.env`,
      content: rollout.env,
      mode: 0o640,
      group: owner,
      notify,
    }),
    ...(service.migrate === undefined ? [] : [migration(rollout, service.migrate, folder)]),
    symlink({ path: `${home}/current`, target: folder, notify }),
    ...Object.keys(service.programs ?? {}).map(program => serviceProgram(rollout, program)),
    ...Object.entries(service.cron ?? {}).map(([job, spec]) =>
      cron({
        name: `${name}-${job}`,
        schedule: spec.schedule,
        user: owner,
        command: started(rollout, `cron-${job}`, spec, 'skip'),
      }),
    ),
  ]
}
