import { MovedError } from '../errors.ts'
import type { PlannedChange } from '../events/event.ts'
import type { FleetHost } from '../fleet/resolved.ts'
import type { HostPlan, PlannedItem } from '../resource/plan.ts'
import type { Resource } from '../resource/resource.ts'
import { isSlotChange } from '../proxy/serving.ts'
import type { Review } from '../resource/review.ts'
import { differences } from './compare.ts'
import type { FleetPlan } from './fleet-plan.ts'
import { hashOf } from './host-plan.ts'

/** What was reviewed of one host, and what the run has done of it. */
interface ReviewedHost {
  readonly changes: ReadonlyMap<string, PlannedChange>
  /** Of what is done and of the file that it replaces, by resource. */
  readonly hashes: ReadonlyMap<string, string>
  /** Resources that the plan is about, handlers included. Others come with a container's slot. */
  readonly known: ReadonlySet<string>
  readonly done: Set<string>
  /** The run has installed something: what is there may have come with it. */
  hasInstalled: boolean
}

const hashesOf = ({ items }: Pick<HostPlan, 'items'>): ReadonlyMap<string, string> =>
  new Map(items.map(item => [item.resource, itemHash(item)]))

const itemHash = (item: PlannedItem): string => {
  const { resource, change, replaced = '' } = item
  return `${hashOf([{ resource, ...change }], { items: [item], handlers: [] })} ${replaced}`
}

const idsOf = (resources: readonly Resource[]): string[] =>
  resources.flatMap(({ id, notify }) => [id, ...notify.map(handler => handler.id)])

const listed = (change: PlannedChange | undefined): readonly PlannedChange[] =>
  change === undefined ? [] : [change]

const HINT = 'fleet plan --out plan.json, then look at it again'

/**
 * The plan of a fleet that was reviewed and compared, for a run that does exactly that: each look that it acts on finds
 * the same things to do, in the same way and over the same files, or nothing more is done there.
 */
export class Reviewed implements Review {
  readonly #hosts: ReadonlyMap<string, ReviewedHost>
  /** Resources that a flip takes with it. */
  readonly #following = new Set<string>()

  constructor({ hosts, wanted }: FleetPlan, fleetHosts: readonly FleetHost[]) {
    this.#hosts = new Map(
      fleetHosts.flatMap(host => {
        const planned = hosts.get(host.name)
        if (planned === undefined) return []
        const reviewed: ReviewedHost = {
          changes: new Map(planned.changes.map(change => [change.resource, change])),
          hashes: hashesOf(planned.plan),
          known: new Set(idsOf(wanted.of(host))),
          done: new Set(),
          hasInstalled: false,
        }
        return [[host.name, reviewed] as const]
      }),
    )
  }

  compare(host: string, resources: readonly Resource[], plan: HostPlan): void {
    const reviewed = this.#hosts.get(host)
    if (reviewed === undefined) throw moved(host, ['new: the plan does not know this host'])
    const { changes, hashes, known, done, hasInstalled } = reviewed
    const looked = new Set(idsOf(resources))
    const now = new Map(plan.changes.map(change => [change.resource, change]))
    const found = hashesOf(plan)
    const others = plan.changes.filter(({ resource }) => {
      if (!known.has(resource) || this.#following.has(resource)) return false
      const isSame = hasInstalled || hashes.get(resource) === found.get(resource)
      return !(changes.has(resource) && isSame)
    })
    const gone = [...changes.values()].filter(({ resource }) => {
      // What came with a package that this run has installed is there in its own way.
      const isOurs = hasInstalled || done.has(resource) || this.#following.has(resource)
      return looked.has(resource) && !now.has(resource) && !isOurs
    })
    const lines = [...gone, ...others].flatMap(({ resource }) => {
      const said = differences(listed(changes.get(resource)), listed(now.get(resource)))
      return said.length > 0 ? said : [`changed: ${resource} by other steps`]
    })
    if (lines.length > 0) throw moved(host, lines)
  }

  acted(host: string, resources: readonly Resource[], { items }: HostPlan): void {
    const reviewed = this.#hosts.get(host)
    if (reviewed === undefined) return
    const ids = new Set(items.map(({ resource }) => resource))
    for (const { id, kind, notify } of resources) {
      if (!ids.has(id)) continue
      for (const done of [id, ...notify.map(handler => handler.id)]) reviewed.done.add(done)
      if (kind.installs === true) reviewed.hasInstalled = true
    }
  }

  follows(resources: readonly Resource[]): void {
    for (const id of idsOf(resources)) this.#following.add(id)
  }

  serves(service: string, change: PlannedChange | undefined): void {
    const reviewed = [...this.#hosts.values()]
      .flatMap(({ changes }) => [...changes.values()])
      .find(each => isSlotChange(each) && each.resource.endsWith(` ${service}`))
    const lines = differences(listed(reviewed), listed(change))
    if (lines.length === 0) return
    throw new MovedError(
      `what serves ${service} has moved since the plan was compared: nothing was flipped`,
      {
        issues: lines,
        hint: HINT,
      },
    )
  }
}

const moved = (host: string, issues: readonly string[]): MovedError =>
  new MovedError('it has moved since the plan was compared: nothing more was done to it', {
    host,
    issues,
    hint: HINT,
  })
