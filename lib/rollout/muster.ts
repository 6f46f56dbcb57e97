import { ConfigError, HostsFailedError, messageOf, type HostFailure } from '../errors.ts'
import type { Service } from '../fleet/model.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import { sanitise } from '../text/sanitise.ts'
import type { TaskContext } from '../task/context.ts'
import { isPair, slotOfHost } from '../fleet/pair-model.ts'
import { isUnreachable } from './in-batches.ts'
import { withEntries, type QuarantineEntry } from './quarantine.ts'
import { keepers, readQuarantine, writeQuarantine } from './quarantine-store.ts'
import type { Strategy } from './strategy.ts'

/** A service that is about to be rolled out. */
export interface Candidate {
  readonly name: string
  readonly service: Service
  readonly strategy: Strategy
  readonly release: { readonly id: string; readonly label: string }
}

/** Who takes part in a roll-out. */
export interface Muster {
  /** The hosts that take part in any of it. */
  readonly hosts: readonly FleetHost[]
  /** Hosts that were put into quarantine by this run. */
  readonly fresh: readonly string[]
  /** Hosts in quarantine for a service, by name. */
  away(service: string): ReadonlySet<string>
  /** The same with the hosts of a pair that do not answer. */
  leftOut(service: string): ReadonlySet<string>
  /** Writes the quarantine of this run down: for when its leases are held. */
  write(): Promise<void>
  /** Puts hosts into quarantine that went away in the middle. */
  add(candidate: Candidate, lost: readonly HostFailure[]): Promise<void>
}

/** Hosts that run the service, and those in front of it, as far as the operator chose them. */
const concerned = (ctx: TaskContext, { service }: Candidate): readonly FleetHost[] =>
  keepers(ctx.hosts, service)

/**
 * Finds out which hosts are there before anything changes. Hosts in quarantine are left out with a warning. One that
 * cannot be reached is put into it where the strategies of all its services say so; else it throws a HostsFailedError.
 * Proxies are never skipped: what they send where must be one thing. With `--plan` it only tells.
 */
export async function muster(ctx: TaskContext, candidates: readonly Candidate[]): Promise<Muster> {
  const asked = ctx.hosts.filter(host => candidates.some(each => concerned(ctx, each).includes(host)))
  const names = candidates.map(({ name }) => name)
  const { records, answered, failures } = await readQuarantine(ctx, names, asked)
  const current = new Map(records)
  const fresh: string[] = []
  const reached = asked.filter(host => answered.has(host.name))

  const away = (name: string): ReadonlySet<string> =>
    new Set((current.get(name)?.hosts ?? []).map(({ host }) => host))

  /** Counts hosts as away from now on; what it gives writes that down. */
  const leaveOut = (candidate: Candidate, lost: readonly HostFailure[]): (() => Promise<void>) => {
    if (lost.length === 0) return () => Promise.resolve()
    const entries = lost.map(failure => entryOf(ctx, candidate, failure))
    const record = withEntries(candidate.name, current.get(candidate.name), entries)
    current.set(candidate.name, record)
    for (const { host, reason } of entries) {
      fresh.push(host)
      const then = ctx.planOnly ? 'would be put' : 'put'
      ctx.warn(
        `${reason}; ${then} into quarantine for ${candidate.name}, when it is back: fleet catch-up ${host}`,
        asked.find(({ name }) => name === host),
      )
      ctx.emit({ type: 'host-ended', host, outcome: 'skipped', changed: 0 })
    }
    if (ctx.planOnly) return () => Promise.resolve()
    const lostNames = new Set(lost.map(({ host }) => host))
    const keep = concerned(ctx, candidate).filter(host => reached.includes(host) && !lostNames.has(host.name))
    return () => writeQuarantine(ctx, record, keep)
  }
  const unwritten: (() => Promise<void>)[] = []

  for (const candidate of candidates) {
    for (const { host, since, run } of current.get(candidate.name)?.hosts ?? []) {
      const found = asked.find(({ name }) => name === host)
      const text = `in quarantine for ${candidate.name} since ${since} (run ${run}): left out; fleet catch-up ${host}`
      if (found === undefined) continue
      ctx.warn(text, found)
      ctx.emit({ type: 'host-ended', host, outcome: 'skipped', changed: 0 })
    }
  }
  refuseMissing(ctx, candidates, asked, failures)
  for (const { name, service } of candidates) refuseNobody(name, service, asked, away(name))
  for (const candidate of candidates) {
    const { service } = candidate
    const missing = failures.filter(
      ({ host, error }) =>
        isUnreachable(error) && asked.some(({ name, role }) => name === host && role === service.role),
    )
    if (candidate.strategy.unreachable === 'skip') unwritten.push(leaveOut(candidate, missing))
  }
  const silent = silentOfPairs(candidates, failures)
  for (const { error } of failures.filter(({ host }) => silent.has(host))) ctx.warn(messageOf(error))
  return {
    hosts: ctx.hosts.filter(host => {
      const services = candidates.filter(({ service }) => service.role === host.role)
      const isAway = services.length > 0 && services.every(({ name }) => away(name).has(host.name))
      return !isAway && !silent.has(host.name)
    }),
    fresh,
    away,
    leftOut: name => new Set([...away(name), ...silent]),
    add: (candidate, lost) => leaveOut(candidate, lost)(),
    async write() {
      for (const write of unwritten.splice(0)) await write()
    },
  }
}

/** Throws when all the chosen hosts of a service are in quarantine. */
function refuseNobody(
  name: string,
  service: Service,
  asked: readonly FleetHost[],
  away: ReadonlySet<string>,
): void {
  const own = asked.filter(({ role }) => role === service.role).map(host => host.name)
  if (own.length === 0 || own.some(host => !away.has(host))) return
  throw new ConfigError(`${name} has no host that is not in quarantine: ${own.join(', ')}`, {
    hint: `fleet catch-up ${own.join(' ')}`,
  })
}

/** Throws for hosts that are missing and may not be, and when nobody of a service would be left. */
function refuseMissing(
  ctx: TaskContext,
  candidates: readonly Candidate[],
  asked: readonly FleetHost[],
  failures: readonly HostFailure[],
): void {
  const missing = new Set(failures.map(({ host }) => host))
  const fatal = failures.filter(({ host, error }) => {
    const role = asked.find(({ name }) => name === host)?.role
    const left = asked.some(each => each.role === role && !missing.has(each.name))
    const skips = candidates
      .filter(each => concerned(ctx, each).some(({ name }) => name === host))
      .every(
        ({ service, strategy }) =>
          service.role === role && (isPair(service) || strategy.unreachable === 'skip'),
      )
    return !isUnreachable(error) || !skips || !left
  })
  // A plan is shown for the others first, and fails where it comes to these.
  if (fatal.length === 0 || ctx.planOnly) return
  throw new HostsFailedError(fatal, asked.length, { standing: 'nothing was changed' })
}

/** Hosts of pairs that do not answer. One may be dead: what becomes of it is decided by which of them serves. */
const silentOfPairs = (
  candidates: readonly Candidate[],
  failures: readonly HostFailure[],
): ReadonlySet<string> =>
  new Set(
    failures
      .filter(({ host }) =>
        candidates.some(({ service }) => isPair(service) && slotOfHost(service, host) !== undefined),
      )
      .map(({ host }) => host),
  )

const entryOf = (
  ctx: TaskContext,
  { release }: Candidate,
  { host, error }: HostFailure,
): QuarantineEntry => ({
  host,
  since: ctx.now().toISOString(),
  run: ctx.runId,
  owner: ctx.owner,
  reason: sanitise(messageOf(error).replace(`${host}: `, '')).slice(0, 300),
  release: release.id,
  label: release.label,
})
