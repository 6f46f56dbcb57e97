import { HostKeyError, messageOf, type HostFailure } from '../errors.ts'
import type { Service } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sh } from '../shell/sh.ts'
import type { TaskContext } from '../task/context.ts'
import { throwIfAborted } from './pause.ts'
import { newestOf, parseQuarantines, QUARANTINE, type Quarantine } from './quarantine.ts'

type AskContext = Pick<TaskContext, 'each' | 'on' | 'signal'>

/** What the hosts said of the quarantine. */
export interface QuarantineView {
  /** The record that counts, by service; none where nobody ever was in quarantine. */
  readonly records: ReadonlyMap<string, Quarantine>
  /** Hosts that answered. */
  readonly answered: ReadonlySet<string>
  /** Hosts that could not be asked and are not in quarantine, or show another key than theirs. */
  readonly failures: readonly HostFailure[]
}

/** The hosts that keep a service's record: those that run it and those in front of it. */
export const keepers = (hosts: readonly FleetHost[], service: Service): readonly FleetHost[] =>
  hosts.filter(({ role }) => role === service.role || role === service.proxy?.role)

/** Asks hosts who is in quarantine for some services. A host that is said to be in it is not waited for. */
export async function readQuarantine(
  ctx: AskContext,
  services: readonly string[],
  hosts: readonly FleetHost[],
): Promise<QuarantineView> {
  const files = services.map(service => `${QUARANTINE}/${service}.json`)
  const command = sh`cat ${files} 2>/dev/null || true`
  const answered = new Set<string>()
  const failures: HostFailure[] = []
  const said: Quarantine[] = []
  const excused = (): ReadonlySet<string> =>
    new Set([...newestOf(said).values()].flatMap(record => record.hosts.map(({ host }) => host)))
  let finish: () => void = () => undefined
  const enough = new Promise<void>(resolve => (finish = resolve))
  const all = ctx.each(hosts, async host => {
    try {
      const { stdout } = await ctx.on(host).read(command, { root: true })
      answered.add(host.name)
      said.push(...parseQuarantines(stdout.toString('utf8')))
    } catch (error) {
      failures.push({ host: host.name, error: error instanceof Error ? error : new Error(String(error)) })
    }
    const known = new Set([...answered, ...failures.map(failure => failure.host), ...excused()])
    if (hosts.every(({ name }) => known.has(name))) finish()
  })
  await Promise.race([all, enough])
  // What still goes on is a host in quarantine that does not answer.
  all.catch(() => undefined)
  throwIfAborted(ctx.signal)
  const away = excused()
  return {
    records: newestOf(said),
    answered: new Set(answered),
    failures: failures.filter(({ host, error }) => error instanceof HostKeyError || !away.has(host)),
  }
}

/** Writes a record to the hosts that keep it. One that cannot take it gets a warning: the others hold it. */
export async function writeQuarantine(
  ctx: Pick<TaskContext, 'each' | 'on' | 'warn'>,
  record: Quarantine,
  hosts: readonly FleetHost[],
): Promise<void> {
  const path = `${QUARANTINE}/${record.service}.json`
  const command =
    sh`set -e; umask 022; mkdir -p ${QUARANTINE}; cat >${`${path}.new`}; mv ${`${path}.new`} ${path}`.input(
      `${JSON.stringify(record)}\n`,
    )
  await ctx.each(hosts, host =>
    ctx
      .on(host)
      .run(command, { root: true })
      .catch((error: unknown) => ctx.warn(`does not know of the quarantine: ${messageOf(error)}`, host)),
  )
}
