import type { SlotStates } from '../container/slot-state.ts'
import { editionOf, type Manifest } from '../release/manifest.ts'
import type { Slot } from '../swap/slot.ts'
import type { Swap } from '../swap/swap-target.ts'

/** The release that a slot serves on all hosts; undefined where they differ, or do not know. */
export function servedManifest(
  names: readonly string[],
  states: ReadonlyMap<string, SlotStates>,
  slot: Slot,
): Manifest | undefined {
  const found = names.map(name => states.get(name)?.[slot])
  const [first] = found
  const { manifest } = first ?? {}
  if (manifest === undefined) return undefined
  const edition = editionOf(manifest)
  const same = found.every(
    state =>
      state?.edition === edition && state.manifest !== undefined && editionOf(state.manifest) === edition,
  )
  return same ? manifest : undefined
}

/** Whether the contract of what a slot serves has run: any host knows. */
export const isContracted = (
  names: readonly string[],
  states: ReadonlyMap<string, SlotStates>,
  slot: Slot,
): boolean => names.some(name => states.get(name)?.[slot].isContracted === true)

/** Says that what serves was never finished, when another release is about to take its place. */
export function pendingContract(
  { ctx, target, names }: Pick<Swap, 'ctx' | 'target' | 'names'>,
  states: ReadonlyMap<string, SlotStates>,
  live: Slot,
): void {
  const manifest = servedManifest(names(live), states, live)
  if (manifest?.contract === undefined || isContracted(names(live), states, live)) return
  ctx.warn(
    `the contract migration of ${manifest.label} (${manifest.release}), which serves, has not run yet; hint: fleet finish ${target.name}`,
  )
}
