import type { SlotStates } from '../container/slot-state.ts'
import type { PlannedChange } from '../events/event.ts'
import { isShort } from '../swarm/size.ts'
import { ofSlot, type ProxyView } from './proxies.ts'
import type { Slot } from '../swap/slot.ts'
import type { Swap } from '../swap/swap-target.ts'

/** What serves now. */
export interface Live {
  readonly slot: Slot | 'mixed' | undefined
  /** `<release>-<config>` that runs in it on every host; undefined when they differ. */
  readonly edition: string | undefined
  /** What the operator called that release. */
  readonly label: string | undefined
  /** Running on every host, and ready in every proxy. */
  readonly isWhole: boolean
}

/** What serves, in what proxies and hosts say. Pure. */
export function liveOf(
  swap: Pick<Swap, 'names' | 'proxies' | 'target'>,
  view: ProxyView,
  states: ReadonlyMap<string, SlotStates>,
): Live {
  const { live: slot } = view
  if (slot === undefined || slot === 'mixed') {
    return { slot, edition: undefined, label: undefined, isWhole: false }
  }
  const all = swap.names(slot).map(name => states.get(name)?.[slot])
  const editions = new Set(all.map(state => state?.edition))
  const [edition] = editions
  return {
    slot,
    edition: editions.size === 1 ? edition : undefined,
    label: all.find(state => state?.manifest !== undefined)?.manifest?.label,
    isWhole: all.every(state => state?.running === true) && everyReady(swap, view.servers, slot),
  }
}

const releaseOf = (edition: string | undefined): string | undefined => edition?.replace(/-[^-]*$/, '')

/** Whether a planned change is of what serves, and so of no resource on its hosts alone. */
export const isSlotChange = ({ resource }: Pick<PlannedChange, 'resource'>): boolean =>
  /^(container|pair) /.test(resource)

/** The change that the hosts of a service with slots are shown; undefined when the release serves already. Pure. */
export function containerChange(
  service: string,
  { slot, edition, label = 'unknown', isWhole }: Live,
  wanted: { readonly release: string; readonly label: string; readonly edition: string },
  what: 'container' | 'pair' = 'container',
): PlannedChange | undefined {
  const resource = `${what} ${service}`
  const to = `${wanted.label} (${wanted.release})`
  if (slot === undefined) return { resource, action: 'create', detail: to }
  if (slot === 'mixed')
    return { resource, action: 'change', detail: `finish a flip that was cut off -> ${to}` }
  if (edition === wanted.edition) {
    return isWhole ? undefined : { resource, action: 'change', detail: `${to}: not whole on every host` }
  }
  const before = releaseOf(edition)
  if (before === wanted.release) return { resource, action: 'change', detail: `${to}: another configuration` }
  const from = label === wanted.label && before !== undefined ? `${label} (${before})` : label
  return { resource, action: 'change', detail: `${from} -> ${to}` }
}

/** Whether every proxy sends requests to this slot on every host, and enough of them can answer. */
export function everyReady(
  { names, proxies, target }: Pick<Swap, 'names' | 'proxies' | 'target'>,
  servers: ProxyView['servers'],
  live: Slot,
): boolean {
  const own = ofSlot(servers, live)
  const down = own.filter(({ health }) => health === 'down')
  return (
    own.every(({ admin }) => admin === 'ready') &&
    own.length === names(live).length * proxies.length &&
    !isShort(target, down)
  )
}

/** The change of a target, by what its slots are. Pure. */
export const slotChange = (
  { target: { name, service } }: Pick<Swap, 'target'>,
  live: Live,
  wanted: Parameters<typeof containerChange>[2],
): PlannedChange | undefined =>
  containerChange(name, live, wanted, service.kind === 'container' ? 'container' : 'pair')
