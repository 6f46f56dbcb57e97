import { createHash } from 'node:crypto'
import { ConfigError } from '../errors.ts'
import type { PlannedChange } from '../events/event.ts'
import type { Observation } from './observe.ts'
import { inOrder } from './order.ts'
import type { Change, Handler, Resource, Step } from './resource.ts'

/** One resource that is not as wanted, and what makes it so. */
export interface PlannedItem {
  readonly resource: string
  readonly change: Change
  readonly steps: readonly Step[]
  readonly notify: readonly Handler[]
  /** SHA-256 of the file that it replaces; undefined where there is none, or for a kind that writes none. */
  readonly replaced: string | undefined
}

/** What would be done to one host, in order. Secrets are only in the steps' stdin and show masked. */
export interface HostPlan {
  readonly items: readonly PlannedItem[]
  /** What runs at the end: in the order of first mention, those an earlier run left to do included. */
  readonly handlers: readonly Handler[]
  /** What people are shown: one line for each item and each handler left over by an earlier run. */
  readonly changes: readonly PlannedChange[]
  readonly notes: readonly string[]
}

/** The name under which a handler that is due is kept on the host. */
export const handlerKey = (handler: Handler): string =>
  createHash('sha256').update(handler.id).digest('hex').slice(0, 32)

/**
 * Refuses two resources with one id, two handlers with one id that do different things, a condition that would need a
 * stdin, and an order that cannot be kept.
 */
export function checkUnique(resources: readonly Resource[]): void {
  const ids = new Set<string>()
  const twice = new Set<string>()
  const handlers = new Map<string, string>()
  for (const { id, notify, onlyIf } of resources) {
    if (onlyIf?.stdin !== undefined) twice.add(`${id}: its condition cannot have a stdin`)
    if (ids.has(id)) twice.add(`${id}: wanted more than once`)
    ids.add(id)
    for (const handler of notify) {
      if ((handlers.get(handler.id) ?? handler.script) !== handler.script) {
        twice.add(`handler ${handler.id}: two different scripts`)
      }
      handlers.set(handler.id, handler.script)
    }
  }
  if (twice.size > 0)
    throw new ConfigError('the resources of a host contradict each other', { issues: [...twice] })
  inOrder(resources)
}

/** Compares what is wanted with what was seen. Pure: the same host and resources give the same plan. */
export function planHost({
  resources: observed,
  pending,
}: Pick<Observation, 'resources' | 'pending'>): HostPlan {
  const found = new Map(observed.map(item => [item.resource, item]))
  const items: PlannedItem[] = []
  const notes: string[] = []
  const due = new Map<string, Handler>()
  const left: PlannedChange[] = []
  let installed = false
  for (const resource of inOrder(observed.map(item => item.resource))) {
    const { seen, leftAlone = false } = found.get(resource) ?? {}
    if (leftAlone) continue
    const { id, kind, wanted, notify } = resource
    const after = () => (installed ? kind.afterInstall?.(wanted, seen) : undefined)
    const change = kind.diff(wanted, seen) ?? after()
    const note = kind.note?.(wanted, seen)
    if (note !== undefined) notes.push(`${id}: ${note}`)
    if (change) {
      const replaced = kind.replaced?.(seen)
      items.push({ resource: id, change, steps: kind.act(wanted, seen), notify, replaced })
      installed ||= kind.installs === true
    }
    for (const handler of notify) {
      if (due.has(handler.id) || !(change ?? pending.has(handlerKey(handler)))) continue
      due.set(handler.id, handler)
    }
  }
  const notified = new Set(items.flatMap(item => item.notify.map(handler => handler.id)))
  for (const handler of due.values()) {
    if (notified.has(handler.id)) continue
    left.push({ resource: handler.id, action: 'run', detail: 'left to do by an earlier run' })
  }
  const changes = items.map(({ resource, change }) => ({ resource, ...change }))
  return { items, handlers: [...due.values()], changes: [...changes, ...left], notes }
}
